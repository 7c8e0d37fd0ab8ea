"""Boxes as KML 2.2 (OGC 07-147r2) for Google Earth: styled polygons with time stamps, a folder a scene."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import shapely

from sattrack.ports import Finished
from sattrack.reports.cells import clean
from sattrack.reports.globe import polygons
from sattrack.reports.qgis_styles import COUNTED_RGB, STORED_RGB
from sattrack.reports.rows import BoxRows, left_out, placed_rows
from sattrack.results import Part
from sattrack.writing import whole_file

_KML = "http://www.opengis.net/kml/2.2"
_TOLD = (
    "det_id", "scene_id", "site_id", "zone", "class_name", "confidence", "counted", "length_m", "width_m", "heading_deg",
    "teu_class", "edge", "model_id",
)  # fmt: skip


def write_kml(run: Finished, parts: Mapping[str, Part], to: Path, *, everything: bool = False) -> Path:
    """One placemark a box; only counted boxes unless everything. UsageError where no scene has a CRS."""
    placed = placed_rows(run, parts, everything=everything, format_name="KML")
    with whole_file(to) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="{_KML}"><Document>\n')
        file.write(f"<name>sattrack: {_text(run.index.model_id)}</name>\n")
        file.write(f"<description>{_text(_about(run, parts))}</description>\n")
        file.write(_style("counted", rgb=COUNTED_RGB, opacity=0x50) + _style("stored", rgb=STORED_RGB, opacity=0x18))
        for rows in placed:
            file.write(f"<Folder><name>{_text(rows.part.scene.part)}</name>\n")
            file.writelines(_placemarks(rows))
            file.write("</Folder>\n")
        file.write("</Document></kml>\n")
    return to


def _about(run: Finished, parts: Mapping[str, Part]) -> str:
    said = f"Boxes with a score of {run.index.threshold:g} or more are counted. Schema {run.index.schema_version}."
    note = left_out(parts)
    return f"{said} {note}." if note else said


def _style(name: str, *, rgb: tuple[int, int, int], opacity: int) -> str:
    """KML colours are alpha, blue, green, red."""
    bgr = "".join(f"{channel:02x}" for channel in reversed(rgb))
    return (
        f'<Style id="{name}"><LineStyle><color>ff{bgr}</color><width>1.5</width></LineStyle>'
        f"<PolyStyle><color>{opacity:02x}{bgr}</color></PolyStyle></Style>\n"
    )


def _placemarks(rows: BoxRows) -> Iterator[str]:
    assert rows.rings is not None
    for record, shape in zip(rows.records(), polygons(rows.rings), strict=True):
        yield _placemark(record, shape)


def _placemark(record: dict[str, Any], shape: shapely.Geometry) -> str:
    name = f"{record['teu_class'] or record['class_name']} {record['confidence']:.2f}"
    when = f"<TimeStamp><when>{record['datetime']}</when></TimeStamp>" if record["datetime"] else ""
    told = "".join(
        f"<Data name={quoteattr(key)}><value>{_text(_word(record[key]))}</value></Data>"
        for key in _TOLD
        if record[key] not in (None, "")
    )
    pieces = [_polygon(part) for part in shapely.get_parts(shape)]
    geometry = pieces[0] if len(pieces) == 1 else f"<MultiGeometry>{''.join(pieces)}</MultiGeometry>"
    style = "counted" if record["counted"] else "stored"
    return (
        f'<Placemark id="d{record["det_id"]}"><name>{_text(name)}</name>{when}<styleUrl>#{style}</styleUrl>'
        f"<ExtendedData>{told}</ExtendedData>{geometry}</Placemark>\n"
    )


def _polygon(shape: shapely.Geometry) -> str:
    points = " ".join(f"{x:.7f},{y:.7f}" for x, y in shapely.get_coordinates(shape))
    ring = f"<LinearRing><coordinates>{points}</coordinates></LinearRing>"
    return f"<Polygon><tessellate>1</tessellate><outerBoundaryIs>{ring}</outerBoundaryIs></Polygon>"


def _word(value: object) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def _text(text: str) -> str:
    # Two code points that Unicode allows and XML 1.0 does not.
    return escape(clean(text).replace("\ufffe", "?").replace("\uffff", "?"))
