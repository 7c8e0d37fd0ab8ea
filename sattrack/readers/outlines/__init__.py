"""Outlines: sites from GeoJSON, GeoPackage and KML."""
