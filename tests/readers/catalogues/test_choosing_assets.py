"""Which file of an item is looked at, on the recorded items of five catalogues and on made ones."""

import json
from typing import Any

import pytest

from sattrack.errors import SceneRefused
from sattrack.readers.catalogues.choosing_assets import choose, native_gsd
from sattrack.readers.catalogues.item_files import coarse
from sattrack.readers.catalogues.items import Item, read_item
from tests.catalogues.serving import RECORDED


def recorded(name: str) -> Item:
    return read_item(json.loads((RECORDED / name).read_text()), where=name, base="https://example.org/item.json")


def made(assets: dict[str, Any], **properties: Any) -> Item:
    raw = {"type": "Feature", "stac_version": "1.1.0", "id": "made", "geometry": None, "assets": assets,
           "properties": {"datetime": "2024-05-01T00:00:00Z", **properties}}  # fmt: skip
    return read_item(raw, where="made", base="https://example.org/item.json")


def tif(*bands: str, gsd: float | None = None, role: str = "data", **more: Any) -> dict[str, Any]:
    return {"href": "a.tif", "type": "image/tiff; application=geotiff", "roles": [role], **({"gsd": gsd} if gsd else {}),
            **({"bands": [{"name": b, "eo:common_name": b} for b in bands]} if bands else {}), **more}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "asset", "bands", "gsd", "mask"),
    [
        ("earth-search/S2B_52SDE_20240601_0_L2A.json", "visual", (1, 2, 3), 10, "scl"),
        ("planetary-computer/naip.json", "image", (1, 2, 3), 0.6, None),
        ("planetary-computer/landsat.json", "green", None, 30, "qa_pixel"),
        ("openaerialmap/item.json", "visual", None, 0.05, None),
        (
            "maxar/events/Port-fire-24/ard/52/120020203113/2024-05-03/10400100ABCDEF00.json",
            "visual", (1, 2, 3), 0.30517578125, None,
        ),
        ("planet/item.json", "ortho_visual", (1, 2, 3), 0.5, "ortho_udm2"),
    ],
)  # fmt: skip
def test_the_right_file_of_each_recorded_item_is_chosen(name, asset, bands, gsd, mask) -> None:
    choice = choose(recorded(name))
    assert (choice.asset.key, choice.bands, choice.gsd_m) == (asset, bands, gsd)
    assert (choice.mask.key if choice.mask else None) == mask


def test_metadata_of_the_recorded_items_is_read() -> None:
    maxar = recorded("maxar/events/Port-fire-24/ard/52/120020203113/2024-05-03/10400100ABCDEF00.json")
    assert (maxar.sensor, maxar.off_nadir_deg, maxar.cloud_cover, maxar.acquisition) == ("WV02", 21.4, 0, "10400100ABCDEF00")
    assert native_gsd(choose(maxar), maxar) == 0.49
    drone = recorded("openaerialmap/item.json")
    assert (drone.source, drone.licence, f"{drone.start:%H:%M}", f"{drone.end:%H:%M}") == (
        "A. Volunteer", "CC-BY-4.0", "02:00", "03:30",
    )  # fmt: skip
    landsat = recorded("planetary-computer/landsat.json")
    assert (landsat.sensor, landsat.cloud_cover, landsat.sun_elevation_deg) == ("landsat-8 oli tirs", 41.07, 62.9)
    assert recorded("planetary-computer/naip.json").source == "USDA Farm Service Agency"


@pytest.mark.parametrize(
    ("assets", "key", "bands"),
    [
        # Fine colour is looked at rather than finer gray; coarse colour is not.
        ({"ms": tif("blue", "green", "red", "nir", gsd=0.5), "pan": tif("pan", gsd=0.3)}, "ms", (3, 2, 1)),
        ({"ms": tif("blue", "green", "red", "nir", gsd=2.0), "pan": tif("pan", gsd=0.5)}, "pan", None),
        ({"ms": tif("blue", "green", "red", gsd=1.2), "visual": tif("red", "green", "blue", gsd=0.3, role="visual")}, "visual",
         (1, 2, 3)),
        # As fine: the one that was made to be looked at.
        ({"a": tif("red", "green", "blue", gsd=0.5), "visual": tif("red", "green", "blue", gsd=0.5, role="visual")}, "visual",
         (1, 2, 3)),
        ({"red": tif("red", gsd=0.5), "green": tif("green", gsd=0.5), "nir": tif("nir", gsd=0.5)}, "green", None),
        ({"thumb": tif(gsd=0.1, role="thumbnail"), "only": tif(gsd=0.5)}, "only", None),
        ({"qa": tif(gsd=0.1), "only": tif("pan", gsd=0.5)}, "only", None),
        ({"web": {"href": "https://h/a.png", "type": "image/png", "roles": ["visual"]}, "p": tif("pan", gsd=0.5)}, "p", None),
    ],
)  # fmt: skip
def test_colour_in_one_file_where_it_is_fine_enough_else_what_is_finest(assets, key, bands) -> None:
    choice = choose(made(assets))
    assert (choice.asset.key, choice.bands) == (key, bands)


def test_bands_in_files_of_their_own_are_looked_at_as_gray_and_that_is_said() -> None:
    choice = choose(made({"red": tif("red"), "green": tif("green"), "blue": tif("blue")}, gsd=0.5))
    assert (choice.asset.key, choice.gsd_m) == ("green", 0.5)
    assert "files of their own" in choice.notes[0]


def test_a_mask_whose_name_does_not_say_its_kind_is_not_used() -> None:
    scl = {**tif(), "href": "classes.tif"}
    choice = choose(made({"visual": tif("red", "green", "blue"), "scl": scl}, gsd=0.5))
    assert choice.mask is None
    assert "is not used" in choice.notes[0]
    choice = choose(made({"visual": tif("red", "green", "blue"), "scl": {**scl, "href": "b/X_SCL_20m.tif?key=1"}}, gsd=0.5))
    assert choice.mask is not None


def test_what_is_too_coarse_is_told_from_the_item_and_what_does_not_say_is_looked_at() -> None:
    for gsd, refused in ((0.3, False), (1.2, False), (1.3, True), (10, True)):
        item = made({"visual": tif("red", "green", "blue", role="visual")}, gsd=gsd)
        assert (coarse(choose(item), item) is not None) == refused
    item = made({"visual": tif("red", "green", "blue", role="visual")})
    assert coarse(choose(item), item) is None


@pytest.mark.parametrize(
    ("assets", "properties"),
    [
        ({"a": {"href": "a.xml", "type": "application/xml"}}, {}),
        ({"vv": tif()}, {"sar:product_type": "GRD"}),
        ({"nir": tif("nir08", "swir16")}, {}),
    ],
)
def test_an_item_without_a_picture_in_colour_or_gray_is_refused(assets, properties) -> None:
    with pytest.raises(SceneRefused):
        choose(made(assets, **properties))
