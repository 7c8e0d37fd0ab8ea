"""Catalogues: STAC items found, filtered, and made sources."""
