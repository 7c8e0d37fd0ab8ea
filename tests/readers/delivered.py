"""Deliveries as vendors make them, cut from a small picture, with the texts that come along. All values are made up."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine

PLACE = Affine(0.5, 0, 500_000, 0, -0.5, 3_900_000)
CRS = "EPSG:32652"
MAXAR = "23OCT14011501-{kind}2AS{tile}-012345678010_01_P001"
AIRBUS = "PHR1A_{kind}_202310140115012_ORT_5001234101-001{tile}"


def write_tile(path: Path, pixels: np.ndarray, *, col: int = 0, row: int = 0, **profile: Any) -> Path:
    """A picture (bands, rows, cols) whose first pixel lies at (col, row) of PLACE."""
    made = {"crs": CRS, "transform": PLACE @ Affine.translation(col, row), "driver": "GTiff", **profile}
    if len(pixels) == 3:
        made.setdefault("photometric", "rgb")
    with rasterio.open(
        path, "w", count=len(pixels), height=pixels.shape[1], width=pixels.shape[2], dtype=pixels.dtype, **made
    ) as to:
        to.write(pixels)
    return path


def cut(
    picture: np.ndarray, folder: Path, *, rows: Sequence[int], cols: Sequence[int], name: str = MAXAR, kind: str = "S",
    without: Iterable[str] = (), suffix: str = ".TIF", **profile: Any,
) -> list[Path]:  # fmt: skip
    """A picture cut at inner rows and columns into tiles R1C1 ..., but for those that are to be missing."""
    folder.mkdir(parents=True, exist_ok=True)
    tops, lefts = [0, *rows, picture.shape[1]], [0, *cols, picture.shape[2]]
    made = []
    for i in range(len(tops) - 1):
        for j in range(len(lefts) - 1):
            tile = f"R{i + 1}C{j + 1}"
            if tile not in without:
                path = folder / (name.format(kind=kind, tile=f"_{tile}") + suffix)
                part = picture[:, tops[i] : tops[i + 1], lefts[j] : lefts[j + 1]]
                made.append(write_tile(path, part, col=lefts[j], row=tops[i], **profile))
    return made


def imd(
    *, bands: Sequence[str] = ("R", "G", "B"), band_id: str = "RGB", time: str = "2023-10-14T01:15:01.123456Z", **more: str
) -> str:
    """The text of an IMD. more: values of the image's group that are to be others."""
    image = {
        "satId": '"WV03"', "CatId": '"103001010A000000"', "firstLineTime": time, "meanSunAz": "160.2", "meanSunEl": "41.3",
        "meanOffNadirViewAngle": "12.3", "cloudCover": "0.05", **more,
    }  # fmt: skip
    groups = "".join(
        f"BEGIN_GROUP = BAND_{one}\n\tULLon = 130.1;\n\tabsCalFactor = 9.3e-03;\nEND_GROUP = BAND_{one}\n" for one in bands
    )
    values = "".join(f"\t{key} = {value};\n" for key, value in image.items())
    return (
        f'version = "28.3";\ngenerationTime = 2023-10-15T05:00:00.000000Z;\nbandId = "{band_id}";\n{groups}'
        f"BEGIN_GROUP = IMAGE_1\n{values}\ttimeList = (\n\t\t(1.0, 2.0),\n\t\t3.0 );\nEND_GROUP = IMAGE_1\n"
        "BEGIN_GROUP = MAP_PROJECTED_PRODUCT\n\tproductGSD = 0.500000;\nEND_GROUP = MAP_PROJECTED_PRODUCT\nEND;\n"
    )


def til(names: Iterable[str]) -> str:
    """The text of a TIL that lists files."""
    listed = list(names)
    groups = "".join(
        f'BEGIN_GROUP = TILE_{i}\n\tfilename = "{one}";\nEND_GROUP = TILE_{i}\n' for i, one in enumerate(listed, 1)
    )
    return f'bandId = "RGB";\nnumTiles = {len(listed)};\ntileUnits = "Pixels";\n{groups}END;\n'


def maxar_xml(*, time: str = "2023-10-14T01:15:01.123456Z", satellite: str = "WV03", listed: Iterable[str] = ()) -> str:
    tiles = "".join(f"<TILE><FILENAME>{one}</FILENAME></TILE>" for one in listed)
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><isd><IMD><BANDID>P</BANDID><BAND_P><ULLON>130.1</ULLON></BAND_P>"
        f"<IMAGE><SATID>{satellite}</SATID><FIRSTLINETIME>{time}</FIRSTLINETIME><MEANSUNEL>41.3</MEANSUNEL>"
        f"<MEANSUNAZ>160.2</MEANSUNAZ><MEANOFFNADIRVIEWANGLE>12.3</MEANOFFNADIRVIEWANGLE><CLOUDCOVER>-999</CLOUDCOVER></IMAGE>"
        f"</IMD><TIL><NUMTILES>2</NUMTILES>{tiles}</TIL></isd>"
    )


def dimap(*, listed: Iterable[str], time: str = "01:15:01.2Z") -> str:
    files = "".join(
        f'<Data_File tile_R="1" tile_C="{i}"><DATA_FILE_PATH href="{one}"/></Data_File>' for i, one in enumerate(listed, 1)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Dimap_Document><Metadata_Identification><METADATA_FORMAT version="2.15">DIMAP</METADATA_FORMAT></Metadata_Identification>
<Dataset_Content><CLOUD_COVERAGE unit="percent">2.5</CLOUD_COVERAGE></Dataset_Content>
<Raster_Data><Data_Access><Data_Files>{files}</Data_Files></Data_Access>
<Raster_Display><Band_Display_Order><RED_CHANNEL>B2</RED_CHANNEL><GREEN_CHANNEL>B1</GREEN_CHANNEL><BLUE_CHANNEL>B0</BLUE_CHANNEL>
</Band_Display_Order></Raster_Display>
<Raster_Encoding/></Raster_Data>
<Processing_Information><Product_Settings><Sampling_Settings><RESAMPLING_SPACING unit="M">0.5</RESAMPLING_SPACING>
</Sampling_Settings></Product_Settings></Processing_Information>
<Geometric_Data><Use_Area>
<Located_Geometric_Values><LOCATION_TYPE>Top Center</LOCATION_TYPE><Acquisition_Angles><VIEWING_ANGLE>20</VIEWING_ANGLE>
</Acquisition_Angles></Located_Geometric_Values>
<Located_Geometric_Values><LOCATION_TYPE>Center</LOCATION_TYPE><Acquisition_Angles><VIEWING_ANGLE>14.5</VIEWING_ANGLE>
<INCIDENCE_ANGLE>16.4</INCIDENCE_ANGLE></Acquisition_Angles><Solar_Incidences><SUN_AZIMUTH>158.1</SUN_AZIMUTH>
<SUN_ELEVATION>40.2</SUN_ELEVATION></Solar_Incidences></Located_Geometric_Values></Use_Area></Geometric_Data>
<Dataset_Sources><Source_Identification><Strip_Source><MISSION>PHR</MISSION><MISSION_INDEX>1A</MISSION_INDEX>
<IMAGING_DATE>2023-10-14</IMAGING_DATE><IMAGING_TIME>{time}</IMAGING_TIME></Strip_Source></Source_Identification></Dataset_Sources>
<Raster_Index_List><Raster_Index><BAND_ID>B2</BAND_ID><BAND_INDEX>1</BAND_INDEX></Raster_Index>
<Raster_Index><BAND_ID>B1</BAND_ID><BAND_INDEX>2</BAND_INDEX></Raster_Index>
<Raster_Index><BAND_ID>B0</BAND_ID><BAND_INDEX>3</BAND_INDEX></Raster_Index>
<Raster_Index><BAND_ID>B3</BAND_ID><BAND_INDEX>4</BAND_INDEX></Raster_Index></Raster_Index_List>
</Dimap_Document>"""
