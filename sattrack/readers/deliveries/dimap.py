"""DIMAP: what Airbus says of a Pléiades, Pléiades Neo or SPOT picture in its DIM_*.XML, of version 2."""

import datetime as dt
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from sattrack.imagery import Viewing
from sattrack.readers.deliveries.values import MOST_LISTED, Told, moment_in, number_in, text_in, viewing_of

_MISSIONS = {"PHR": "Pléiades", "PNEO": "Pléiades Neo", "SPOT": "SPOT"}
# Colours and gray of one strip are taken within seconds.
_ALIKE_S = 60.0
_INDEX = re.compile(r"[0-9A-Z]{1,3}")


def told_by_dimap(root: ET.Element) -> Told:
    """What is said of the product; angles are those of its centre. VIEWING_ANGLE is the off-nadir one, at the satellite."""
    strips = root.findall(".//Source_Identification/Strip_Source")
    bands, bands_of = _bands(root)
    moments = [found for one in strips if (found := _moment(one))]
    first = moments[0] if moments else None
    notes = []
    if first and any(abs((other - first).total_seconds()) > _ALIKE_S for other in moments):
        notes.append(f"made of {len(strips)} strips of other times: time and sensor are those of the first")
    return Told(
        acquired=first,
        sensor=_sensor(strips[0] if strips else None),
        viewing=_viewing(root),
        gsd_m=_spacing(root),
        bands=bands,
        bands_of=bands_of,
        listed=tuple(_listed(root))[:MOST_LISTED],
        notes=tuple(notes),
    )


def _moment(strip: ET.Element) -> dt.datetime | None:
    date, time = (_text(strip, name) for name in ("IMAGING_DATE", "IMAGING_TIME"))
    return moment_in(f"{date}T{time}") if date and time else None


def _text(element: ET.Element | None, name: str) -> str:
    return "" if element is None else (element.findtext(name) or "").strip()


def _sensor(source: ET.Element | None) -> str:
    mission, index = text_in(_text(source, "MISSION")), _text(source, "MISSION_INDEX").upper()
    name = _MISSIONS.get(mission.upper(), mission)
    return f"{name} {index}" if name and _INDEX.fullmatch(index) else name


def _viewing(root: ET.Element) -> Viewing | None:
    places = root.findall(".//Located_Geometric_Values")
    middle = next((one for one in places if _text(one, "LOCATION_TYPE").casefold() == "center"), places[0] if places else None)
    percent = number_in(_text(root.find(".//Dataset_Content"), "CLOUD_COVERAGE"), low=0, high=100)
    return viewing_of(
        off_nadir=_text(middle, "Acquisition_Angles/VIEWING_ANGLE"),
        sun_elevation=_text(middle, "Solar_Incidences/SUN_ELEVATION"),
        sun_azimuth=_text(middle, "Solar_Incidences/SUN_AZIMUTH"),
        cloud_cover=None if percent is None else round(percent / 100, 6),
    )


def _spacing(root: ET.Element) -> float | None:
    spacing = root.find(".//Sampling_Settings/RESAMPLING_SPACING")
    if spacing is None or spacing.get("unit", "").upper() not in ("M", "METER", "METRE"):
        return None
    return number_in(spacing.text, low=0.05, high=100)


def _bands(root: ET.Element) -> tuple[tuple[int, ...] | None, int]:
    """Where the bands lie that are to be shown as red, green and blue; the only one, where there is one; and of how many."""
    index = {_text(one, "BAND_ID"): _text(one, "BAND_INDEX") for one in root.findall(".//Raster_Index_List/Raster_Index")}
    if len(index) == 1:
        return (1,), 1
    shown = root.find(".//Raster_Display/Band_Display_Order")
    numbers = [number_in(index.get(_text(shown, f"{c}_CHANNEL")), low=1, high=65535) for c in ("RED", "GREEN", "BLUE")]
    found = tuple(int(number) for number in numbers if number is not None and number.is_integer())
    # Of a product in several files each counts its own bands from 1.
    last = max((number for text in index.values() if (number := number_in(text, low=1, high=65535)) is not None), default=0)
    return (found, int(last)) if len(set(found)) == 3 else (None, 0)


def _listed(root: ET.Element) -> Iterator[str]:
    for path in root.findall(".//Data_Access/Data_Files/Data_File/DATA_FILE_PATH"):
        if name := path.get("href", "").strip():
            yield name
