"""Raster seeds: small valid pictures in many layouts and codecs, made on the fly; each is a few files of which one is read."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin

ROWS, COLS = 150, 210
_PLACE = {"crs": "EPSG:32652", "transform": from_origin(500_000.0, 4_700_000.0, 0.5, 0.5)}
_BESIDE = b'{"gsd_m": 0.5, "datetime": "2024-05-01"}'
_TILED = {"tiled": True, "blockxsize": 64, "blockysize": 64}


@dataclass(frozen=True, slots=True)
class Seed:
    """One picture: its files by name, and the one that a user would name. family: what kind of file is mutated."""

    name: str
    family: str
    main: str
    files: dict[str, bytes]


def raster_seeds(folder: Path) -> tuple[Seed, ...]:
    """Every seed that this GDAL can write."""
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        return (*_tiffs(folder), *_copies(folder), *_pictures(folder), *_virtual(folder))


def pixels(bands: int = 3, dtype: str = "uint8", *, seed: int = 0) -> np.ndarray[Any, Any]:
    """Bright boxes over noise, (bands, ROWS, COLS)."""
    ground = np.random.default_rng(seed).integers(30, 46, (bands, ROWS, COLS))
    ground[:, 20:26, 20:50] = 240
    ground[:, 80:86, 100:130] = 250
    return (ground * (8 if dtype == "uint16" else 1)).astype(dtype)


def write_tiff(path: Path, ground: np.ndarray[Any, Any], *, tags: dict[str, str] | None = None, **profile: Any) -> Path:
    place = {} if profile.pop("plain", False) else _PLACE
    colours = profile.pop("colours", None)
    about = {"driver": "GTiff", "count": len(ground), "height": ROWS, "width": COLS, "dtype": ground.dtype, **place, **profile}
    with rasterio.open(path, "w", **about) as file:
        file.write(ground)
        if colours:
            file.colorinterp = colours
        file.update_tags(**{"TIFFTAG_DATETIME": "2024:05:01 10:00:00", **(tags or {})})
    return path


def _seed(name: str, family: str, path: Path) -> Seed:
    """A file, with what says its pixel size beside it where it has no place of its own."""
    beside = {f"{path.stem}.json": _BESIDE} if name in ("plain", "codestream") else {}
    return Seed(name, family, path.name, {path.name: path.read_bytes(), **beside})


def _tiffs(folder: Path) -> list[Seed]:
    rgb, gray16, real = pixels(), pixels(3, "uint16"), pixels(1, "float32")
    real[:, 100:, :40] = np.nan
    layouts: dict[str, tuple[np.ndarray[Any, Any], dict[str, Any]]] = {
        "strips": (rgb, {"photometric": "rgb"}),
        "rows": (rgb, {"photometric": "rgb", "blockysize": 1, "compress": "packbits"}),
        "deflate": (rgb, {"compress": "deflate", "predictor": 2, "photometric": "rgb", **_TILED}),
        "lzw": (rgb, {"compress": "lzw", "photometric": "rgb", "interleave": "pixel"}),
        "zstd": (gray16, {"compress": "zstd", "bigtiff": "yes", **_TILED}),
        "jpeg": (rgb, {"compress": "jpeg", "photometric": "ycbcr", "interleave": "pixel", **_TILED}),
        "planes": (gray16, {"compress": "deflate", "interleave": "band", **_TILED}),
        "real": (real, {"compress": "deflate", "predictor": 3, "nodata": -1.0, **_TILED}),
        "bigend": (rgb, {"endianness": "big", "photometric": "rgb"}),
        "lzma": (rgb, {"compress": "lzma", "photometric": "rgb"}),
        "lerc": (real, {"compress": "lerc_deflate"}),
        "webp": (rgb, {"compress": "webp", "interleave": "pixel", **_TILED}),
        "bits": (pixels(1) // 128, {"nbits": 1}),
        "plain": (rgb, {"plain": True, "tags": {"SENSOR": "x"}}),
    }
    made = []
    for name, (ground, profile) in layouts.items():
        try:
            made.append(_seed(name, "GeoTIFF", write_tiff(folder / f"{name}.tif", ground, **profile)))
        except rasterio.errors.RasterioError:
            continue
    return [*made, *_special(folder)]


def _special(folder: Path) -> list[Seed]:
    """Alpha, palette, mask, holes, control points."""
    alpha = write_tiff(
        folder / "alpha.tif", pixels(4), compress="deflate",
        colours=(ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha),
    )  # fmt: skip
    palette = folder / "palette.tif"
    with rasterio.open(
        palette, "w", driver="GTiff", count=1, height=ROWS, width=COLS, dtype="uint8", photometric="palette", **_PLACE
    ) as file:
        file.write(pixels(1))
        file.write_colormap(1, {i: (i, 255 - i, i, 255) for i in range(256)})
    masked, holes, points = folder / "masked.tif", folder / "holes.tif", folder / "points.tif"
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            masked, "w", driver="GTiff", count=3, height=ROWS, width=COLS, dtype="uint8", photometric="rgb", **_PLACE, **_TILED
        ) as file,
    ):
        file.write(pixels())
        file.write_mask(np.arange(ROWS * COLS).reshape(ROWS, COLS) % COLS > 30)
    with rasterio.open(
        holes, "w", driver="GTiff", count=3, height=ROWS, width=COLS, dtype="uint8", sparse_ok=True, photometric="rgb",
        **_PLACE, **_TILED,
    ) as file:  # fmt: skip
        file.write(pixels()[:, :64, :64], window=rasterio.windows.Window(0, 0, 64, 64))
    corners = [(0, 0), (0, COLS), (ROWS, 0), (ROWS, COLS)]
    gcps = [GroundControlPoint(r, c, 135 + c * 6e-6, 34 - r * 5e-6) for r, c in corners]
    with rasterio.open(points, "w", driver="GTiff", count=3, height=ROWS, width=COLS, dtype="uint8", photometric="rgb") as file:
        file.write(pixels())
        file.gcps = (gcps, rasterio.crs.CRS.from_epsg(4326))
    return [_seed(path.stem, "GeoTIFF", path) for path in (alpha, palette, masked, holes, points)]


def _copies(folder: Path) -> list[Seed]:
    """What GDAL writes only as a copy of another file: COG and JPEG 2000."""
    source = write_tiff(folder / "source.tif", np.tile(pixels(), (1, 4, 4))[:, :ROWS, :COLS])
    wide = write_tiff(folder / "source16.tif", pixels(1, "uint16"))
    made = []
    for name, family, path, driver, options in (
        ("cog", "COG", source, "COG", {"COMPRESS": "DEFLATE", "BLOCKSIZE": 128, "OVERVIEW_COUNT": 2}),
        ("cogjpeg", "COG", source, "COG", {"COMPRESS": "JPEG", "BLOCKSIZE": 128, "ADD_MASK": "YES"}),
        ("jp2", "JPEG 2000", source, "JP2OpenJPEG", {"QUALITY": 100, "REVERSIBLE": "YES", "BLOCKXSIZE": 64, "BLOCKYSIZE": 64}),
        ("jp2lossy", "JPEG 2000", wide, "JP2OpenJPEG", {"QUALITY": 20}),
        ("codestream", "JPEG 2000", source, "JP2OpenJPEG", {"CODEC": "J2K", "QUALITY": 30}),
    ):
        to = folder / f"{name}.{'tif' if driver == 'COG' else 'jp2'}"
        try:
            rasterio.shutil.copy(path, to, driver=driver, **options)
        except rasterio.errors.RasterioError:
            continue
        made.append(_seed(name, family, to))
    return made


def _pictures(folder: Path) -> list[Seed]:
    """PNG and JPEG, with what says their pixel size beside them."""
    rgb = np.moveaxis(pixels(), 0, -1)
    turned = Image.Exif()
    turned[0x0112] = 6
    rough = Image.fromarray(rgb).quantize(32)
    made = []
    for name, image, options in (
        ("rgb.png", Image.fromarray(rgb), {}),
        ("gray.png", Image.fromarray(rgb[..., 0]), {"exif": turned}),
        ("deep.png", Image.fromarray(pixels(1, "uint16")[0]), {}),
        ("palette.png", rough, {"transparency": 3}),
        ("plain.jpg", Image.fromarray(rgb), {"quality": 90}),
        ("progressive.jpg", Image.fromarray(rgb), {"progressive": True, "exif": turned}),
        ("gray.jpg", Image.fromarray(rgb[..., 0]), {}),
    ):
        path = folder / name
        image.save(path, **options)
        files = {name: path.read_bytes(), f"{path.stem}.json": _BESIDE}
        made.append(Seed(name, "PNG" if path.suffix == ".png" else "JPEG", name, files))
    return made


def _virtual(folder: Path) -> list[Seed]:
    """Virtual rasters over two pictures, as gdalbuildvrt writes them; the text is mutated, or one of the pictures."""
    names = ("left.tif", "right.tif")
    for number, name in enumerate(names):
        write_tiff(folder / name, pixels(seed=number), compress="deflate")
    simple, complex_ = _vrt_text(names, kind="SimpleSource"), _vrt_text(names, kind="ComplexSource")
    files = {name: (folder / name).read_bytes() for name in names}
    return [
        Seed(f"{n}.vrt", "VRT", f"{n}.vrt", {f"{n}.vrt": t, **files}) for n, t in (("simple", simple), ("complex", complex_))
    ]


def _vrt_text(names: tuple[str, ...], *, kind: str) -> bytes:
    bands = []
    for band, colour in enumerate(("Red", "Green", "Blue"), 1):
        sources = "".join(
            f"""    <{kind}>
      <SourceFilename relativeToVRT="1">{name}</SourceFilename>
      <SourceBand>{band}</SourceBand>
      <SourceProperties RasterXSize="{COLS}" RasterYSize="{ROWS}" DataType="Byte" BlockXSize="{COLS}" BlockYSize="13" />
      <SrcRect xOff="0" yOff="0" xSize="{COLS}" ySize="{ROWS}" />
      <DstRect xOff="{COLS * place}" yOff="0" xSize="{COLS}" ySize="{ROWS}" />
{"      <NODATA>0</NODATA>" if kind == "ComplexSource" else ""}
    </{kind}>
"""
            for place, name in enumerate(names)
        )
        bands.append(
            f'  <VRTRasterBand dataType="Byte" band="{band}">\n    <NoDataValue>0</NoDataValue>\n'
            f"    <ColorInterp>{colour}</ColorInterp>\n{sources}  </VRTRasterBand>\n"
        )
    return (
        f'<VRTDataset rasterXSize="{2 * COLS}" rasterYSize="{ROWS}">\n  <SRS>EPSG:32652</SRS>\n'
        f"  <GeoTransform>500000.0, 0.5, 0.0, 4700000.0, 0.0, -0.5</GeoTransform>\n{''.join(bands)}</VRTDataset>\n"
    ).encode()
