"""Catalogues that misbehave: no host is asked that they may not lead to, and half an answer is never taken for a whole."""

import json
from pathlib import Path

import pytest

from tests.catalogues.serving import load_apis, load_static

_ROOT = "/planetarycomputer.microsoft.com/api/stac/v1"
_WHERE = ("--bbox", "-119,33,-117,34")


@pytest.fixture
def api(served) -> str:
    """An API with five items, two a page."""
    root = load_apis(served)["planetary-computer"]
    item = served.recorded("planetary-computer/naip.json")
    served.items[_ROOT] = [{**item, "id": f"item-{number}"} for number in range(5)]
    return root


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ({"href": "http://169.254.169.254/latest/meta-data"}, "leads out of the catalogue"),
        ({"href": "https://example.org/search"}, "leads out of the catalogue"),
        ({"href": "file:///etc/passwd"}, "leads out of the catalogue"),
        ({"href": "RING"}, "lead in a ring"),
        ({"method": "POST", "merge": False, "body": {"token": "2"}}, "lead in a ring"),
    ],
)
def test_h10_a_next_page_elsewhere_or_in_a_ring_ends_the_search(link, said, sattrack, served, host, api, tmp_path) -> None:
    ring = {"method": "GET", "href": f"{api}/search?token=2"}
    served.next_link = ring if link.get("href") == "RING" else link
    told = sattrack("fetch", api, *_WHERE, *host, "-o", tmp_path / "found.json")
    assert told.code == 1
    assert said in told.err
    assert not (tmp_path / "found.json").exists()


@pytest.mark.parametrize(
    ("redirect", "said"),
    [
        ((302, "https://example.org/search"), "would drop what was asked"),
        ((307, "https://example.org/search"), "would tell another host what was asked"),
        ((308, "https://169.254.169.254/search"), "would tell another host what was asked"),
    ],
)
def test_h9_what_is_searched_for_is_told_no_other_host(redirect, said, sattrack, served, host, api) -> None:
    served.redirect = redirect
    told = sattrack("fetch", api, *_WHERE, *host)
    assert told.code == 1
    assert said in told.err


def test_h9_a_catalogue_in_a_private_network_is_not_asked(sattrack) -> None:
    for address in ("https://10.0.0.1/stac", "https://127.0.0.1:9/stac", "https://[::1]:9/stac"):
        told = sattrack("fetch", address)
        assert told.code == 1
        assert "private network" in told.err


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (b"<html>log in</html>", "broken JSON"),
        (b'{"type": "FeatureCollection"}', "something else than items"),
        (b"[]", "something else than items"),
        (b'{"features": [' + b"[" * 100 + b"]" * 100 + b"]}", "levels deep"),
    ],
)
def test_a_page_that_is_none_ends_the_search(page, said, sattrack, served, host, api) -> None:
    served.items.clear()
    served.files[f"{_ROOT}/search"] = page
    told = sattrack("fetch", api, *_WHERE, *host)
    assert told.code == 1
    assert said in told.err


def test_a_search_that_hits_a_limit_is_refused(sattrack, served, host, api, tmp_path) -> None:
    for text, said in (("catalogue_items: 3", "more than 3 items"), ("catalogue_requests: 2", "more than 2 documents")):
        (tmp_path / "settings.yaml").write_text(text)
        told = sattrack("fetch", api, *_WHERE, *host, "--config", tmp_path / "settings.yaml", "-o", tmp_path / "found.json")
        assert told.code == 1
        assert said in told.err
        assert not (tmp_path / "found.json").exists()


def test_an_empty_page_with_a_next_is_not_the_end(sattrack, served, host, api) -> None:
    """As a server sends it that filters after it pages."""
    items = served.items.pop(_ROOT)
    following = {"rel": "next", "method": "GET", "href": f"{api}/search/2"}
    served.put(f"{_ROOT}/search", {"type": "FeatureCollection", "features": [], "links": [following]})
    served.put(f"{_ROOT}/search/2", {"type": "FeatureCollection", "features": items, "links": []})
    told = sattrack("fetch", api, *_WHERE, *host, "--json")
    assert told.code == 0, told.err
    assert len(told.json["items"]) == 5


def test_empty_pages_without_end_are_refused(sattrack, served, host, api, tmp_path) -> None:
    served.items.pop(_ROOT)
    for number in range(9):
        following = {"rel": "next", "method": "GET", "href": f"{api}/search{number + 1}"}
        page = {"type": "FeatureCollection", "features": [], "links": [following]}
        served.put(f"{_ROOT}/search{number or ''}", page)
    (tmp_path / "settings.yaml").write_text("catalogue_requests: 5")
    told = sattrack("fetch", api, *_WHERE, *host, "--config", tmp_path / "settings.yaml")
    assert told.code == 1
    assert "more than 5 documents" in told.err


@pytest.mark.parametrize("told", [None, 5, "x", [None, 3]])
def test_h10_a_landing_page_may_say_anything_of_what_it_conforms_to(told, sattrack, served, host, api) -> None:
    served.put(_ROOT, {**json.loads(served.files[_ROOT]), "conformsTo": told})
    assert sattrack("fetch", api, *_WHERE, *host).code == 0


@pytest.mark.parametrize("href", ["http://[bad", "//[bad/a.json"])
def test_h10_a_link_that_is_no_address_is_passed_over_or_ends_the_search(href, sattrack, served, host, api) -> None:
    served.next_link = {"method": "GET", "href": href}
    told = sattrack("fetch", api, *_WHERE, *host)
    assert told.code == 1
    assert "a link is no address" in told.err
    address = load_static(served)
    root = json.loads(served.files["/maxar/events/catalog.json"])
    root["links"].append({"rel": "child", "href": href})
    served.put("/maxar/events/catalog.json", root)
    told = sattrack("fetch", address, "--collection", "Port-fire-24", *host)
    assert told.code == 0
    assert "a link is no address" in told.err


def test_h10_a_link_with_a_nul_of_a_catalogue_on_this_machine_is_passed_over(sattrack, tmp_path) -> None:
    links = [{"rel": "child", "href": "a\0b.json"}, {"rel": "item", "href": "x" * 5000}]
    (tmp_path / "catalog.json").write_text(json.dumps({"type": "Catalog", "id": "a", "links": links}))
    told = sattrack("fetch", tmp_path / "catalog.json")
    assert told.code == 3
    assert "a link is no address" in told.err
    assert "File name too long" in told.err


def test_a_search_that_takes_more_than_it_may_in_all_is_refused(sattrack, served, host, api, tmp_path) -> None:
    served.put(_ROOT, {**json.loads(served.files[_ROOT]), "filler": "x" * 70_000})
    (tmp_path / "settings.yaml").write_text("catalogue_total_bytes: 65536")
    told = sattrack("fetch", api, *_WHERE, *host, "--config", tmp_path / "settings.yaml")
    assert told.code == 1
    assert "raise catalogue_total_bytes" in told.err


def test_collections_at_two_levels_of_a_static_catalogue_are_both_found(sattrack, tmp_path) -> None:
    item = {"type": "Feature", "stac_version": "1.0.0", "geometry": None, "properties": {"datetime": "2024-05-01T10:00:00Z"},
            "assets": {"visual": {"href": "a.tif", "roles": ["visual"]}}, "links": []}  # fmt: skip
    (tmp_path / "a.tif").write_bytes(b"II*\0")

    def put(name: str, *links: tuple[str, str], kind: str = "Collection") -> None:
        document = {"type": kind, "id": name, "links": [{"rel": rel, "href": f"{to}.json"} for rel, to in links]}
        (tmp_path / f"{name}.json").write_text(json.dumps(document))

    put("root", ("child", "A"), ("child", "more"), ("child", "last"), kind="Catalog")
    put("A", ("item", "of-A"))
    put("more", ("child", "B"), ("child", "C"), ("item", "of-more"), kind="Catalog")
    put("last", ("child", "gone"), kind="Catalog")  # is not entered, since all was found before
    for name in ("B", "C"):
        put(name, ("item", f"of-{name}"))
    for name in ("A", "B", "C", "more"):
        (tmp_path / f"of-{name}.json").write_text(json.dumps({**item, "id": f"of-{name}", "collection": "other"}))
    told = sattrack("fetch", tmp_path / "root.json", "--collection", "A", "--collection", "B", "--json")
    assert told.code == 0, told.err
    assert [row["item"] for row in told.json["items"]] == ["of-A", "of-B"]


def test_links_out_of_a_static_catalogue_are_passed_over_and_that_is_said(sattrack, served, host, site) -> None:
    address = load_static(served)
    root = json.loads(served.files["/maxar/events/catalog.json"])
    root["links"] += [
        {"rel": "child", "href": "http://169.254.169.254/latest"},
        {"rel": "child", "href": "file:///etc/passwd"},
        {"rel": "child", "href": "./catalog.json"},
    ]
    served.put("/maxar/events/catalog.json", root)
    told = sattrack("fetch", address, "--sites", site, *host)
    assert told.code == 0, told.err
    assert told.err.count("leads out of the catalogue") == 2
    assert "10400100ABCDEF00" in told.out


def test_branches_that_cannot_match_are_not_entered(sattrack, served, host, site) -> None:
    told = sattrack("fetch", load_static(served), "--sites", site, "--datetime", "2024-05", *host, "--json")
    assert [row["item"] for row in told.json["items"]] == ["52/120020203113/10400100ABCDEF00"]
    assert not any("never_asked" in one.path for one in served.asked)
    assert len({one.client for one in served.asked}) == 1  # over one connection
    served.asked.clear()
    told = sattrack("fetch", load_static(served), "--sites", site, "--datetime", "2022", *host, "--json")
    assert told.json["items"] == []
    assert len(served.asked) == 3


def test_a_collection_of_a_static_catalogue_holds_all_below_it(sattrack, served, host) -> None:
    told = sattrack("fetch", load_static(served), "--collection", "Port-fire-24", *host, "--json")
    assert len(told.json["items"]) == 2
    assert {row["licence"] for row in told.json["items"]} == {"CC-BY-NC-4.0"}


def test_a_static_catalogue_on_this_machine_is_walked_in_its_folder(sattrack, site, tmp_path) -> None:
    import shutil

    from tests.catalogues.serving import RECORDED

    folder = tmp_path / "events"
    shutil.copytree(RECORDED / "maxar" / "events", folder)
    told = sattrack("fetch", folder / "catalog.json", "--sites", site, "-o", folder / "found.json", "--json")
    assert told.code == 0, told.err
    saved = json.loads((folder / "found.json").read_text())
    href = saved["features"][0]["assets"]["visual"]["href"]
    assert href == "Port-fire-24/ard/52/120020203113/2024-05-03/10400100ABCDEF00-visual.tif"
    assert saved["features"][0]["properties"]["license"] == "CC-BY-NC-4.0"
    root = json.loads((folder / "catalog.json").read_text())
    root["links"].append({"rel": "child", "href": "../outside.json"})
    (folder / "catalog.json").write_text(json.dumps(root))
    told = sattrack("fetch", folder / "catalog.json", "--sites", site)
    assert "leads out of the catalogue's folder" in told.err


def test_without_pystac_client_the_way_out_is_said(sattrack, served, host, api, monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    told = sattrack("fetch", api, *_WHERE, *host)
    assert told.code == 2
    assert "sattrack[stac]" in told.err


def test_only_the_named_catalogue_is_asked(sattrack, served, host, api, tmp_path) -> None:
    """Neither pystac-client nor anything else asks the network by itself: every request came here."""
    assert sattrack("fetch", api, *_WHERE, *host).code == 0
    assert {one.headers["user-agent"] for one in served.asked} == {"sattrack"}
    assert all("authorization" not in one.headers and "cookie" not in one.headers for one in served.asked)


def test_h11_a_netrc_is_not_read(sattrack, served, host, api, tmp_path: Path, monkeypatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login me password geheim\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert sattrack("fetch", api, *_WHERE, *host).code == 0
    assert all("authorization" not in one.headers for one in served.asked)
