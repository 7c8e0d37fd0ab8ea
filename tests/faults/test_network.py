"""Rows N, and H9 to H11: servers that misbehave cost the scenes that lie on them, and are told no more than they must be."""

import json
import re
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio

from tests.faults.conftest import Detect, Ran, write, write_good, yard
from tests.faults.misbehaving import FAULTS, LED, Server, serving

_SETTINGS = "remote_timeout_s: 2.0\nremote_tries: 4\nremote_backoff_s: 0.02\nremote_wait_s: 1.0\nremote_whole_bytes: 3000000\n"
_PASSING = ("half503", "wait429", "cut", "reset", "noranges", "chunked", "elsewhere", "right", "changes", "unmatched")
_KEY = "sig=verborgen0123"


@dataclass(frozen=True)
class Bad:
    """A run over a scene behind each fault and the good local ones, the same call once the servers are well, and a run that
    met no fault.
    """

    ran: Ran
    resumed: Ran
    clean: Ran
    server: Server
    other: Server
    # Requests of the first run, by fault.
    asked: dict[str, int]


def remote_yard(folder: Path) -> bytes:
    """A COG of 12 boxes, larger than what is read of a file first."""
    path = write(folder / "remote.tif", yard(12, shape=(600, 600)), driver="COG", blocksize=128, compress="deflate",
                 tags={"TIFFTAG_DATETIME": "2024:07:01 10:00:00"})  # fmt: skip
    return path.read_bytes()


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory, detect: Detect) -> Iterator[Bad]:
    folder = tmp_path_factory.mktemp("network")
    (folder / "scenes").mkdir()
    write_good(folder / "scenes")
    settings = folder / "settings.yaml"
    settings.write_text(_SETTINGS)
    names = [name for name in FAULTS if name]
    files = dict.fromkeys((f"{name}.tif" for name in names), remote_yard(folder))
    with serving(files) as server, serving(files) as other:
        server.elsewhere = f"http://127.0.0.1:{other.port}"
        urls = [server.url(name, f"{name}.tif", _KEY if name in ("right", "elsewhere", "expires") else "") for name in names]
        hosts = [word for one in (server, other) for word in ("--allow-host", f"127.0.0.1:{one.port}")]
        call = (folder / "scenes", *urls, "--allow-remote", *hosts, "--config", settings)
        ran = detect(*call, folder=folder)
        asked = {name: len(server.of(name)) for name in names}
        parts, server.healed = ran.parts, True
        resumed = detect(*call, folder=folder)
        assert parts.items() <= resumed.parts.items()
        yield Bad(ran, resumed, detect(*call, folder=folder / "clean"), server, other, asked)


def sentence(bad: Bad, part: str) -> str:
    (line,) = [line for line in bad.ran.err.splitlines() if line.startswith(f"failed: {part}: ")]
    return line


def test_n0_servers_that_misbehave_cost_nothing_but_their_own_scenes(bad: Bad, good: Ran) -> None:
    bad.ran.assert_nothing_lost(good)
    done = {one["part"] for one in bad.ran.json["scenes"] if one["status"] == "done"}
    assert done == {"may", "june", *_PASSING}
    assert {one["boxes"] for one in bad.ran.json["scenes"] if one["part"] in _PASSING} == {12}


def test_n0_the_same_call_once_the_servers_are_well_ends_with_the_same_bytes(bad: Bad) -> None:
    assert (bad.resumed.code, bad.clean.code) == (0, 0), bad.resumed.err
    assert bad.clean.parts.items() <= bad.resumed.parts.items()
    assert len(bad.clean.parts) == len([name for name in FAULTS if name]) + 2


def test_n1_a_server_that_is_always_busy_fails_its_scene_after_bounded_tries(bad: Bad) -> None:
    bad.ran.assert_told("always503", "503", "4 times", "run again later")


def test_n2_a_server_that_is_busy_half_the_time_is_read(bad: Bad) -> None:
    assert bad.ran.scene("half503")["boxes"] == 12


def test_n3_bodies_that_are_cut_or_reset_are_asked_for_again_from_where_they_ended(bad: Bad) -> None:
    assert bad.ran.scene("cut")["boxes"] == bad.ran.scene("reset")["boxes"] == 12
    firsts = [asked.range[0] for asked in bad.server.of("cut")][:10]
    assert len(set(firsts)) == len(firsts)


def test_n3_bodies_that_are_not_what_their_heads_say_are_never_read(bad: Bad) -> None:
    for part in ("otherrange", "lying", "short", "vast"):
        bad.ran.assert_told(part, "the server sends", "run again later")
    bad.ran.assert_told("gzip", "packs the file", "fetch it")


def test_n4_without_ranges_a_file_is_fetched_whole_up_to_a_limit(bad: Bad) -> None:
    assert bad.ran.scene("noranges")["boxes"] == 12
    for part in ("hugewhole", "endless"):
        bad.ran.assert_told(part, "no parts of a file", "3 MB", "remote_whole_bytes")
    assert bad.server.sent["/endless/endless.tif"] < 20_000_000


def test_n5_a_server_that_stalls_or_dribbles_is_given_up(bad: Bad) -> None:
    for part in ("stall", "loris"):
        bad.ran.assert_told(part, "silent or too slow", "run again later")


def test_n6_an_address_that_expires_says_so_and_what_is_done_is_kept(bad: Bad) -> None:
    bad.ran.assert_told("expires", "403", "expired", "fresh signed address")
    assert "12" in str(bad.resumed.scene("expires")["boxes"])


_REFRESH = """
import sys
place = sys.stdin.read().strip()
print(place, file=open({log!r}, "a"))
print({printed})
"""


def refreshing(folder: Path, *, printed: str) -> tuple[str, ...]:
    script, log = folder / "refresh.py", folder / "asked.txt"
    script.write_text(_REFRESH.format(log=str(log), printed=printed))
    return ("--refresh-address", f"'{sys.executable}' '{script}'")


@pytest.mark.parametrize("more", [(), ("--executor", "process", "--workers", "1")])
def test_n6_a_command_gives_a_fresh_address_where_one_has_expired(
    more: tuple[str, ...], detect: Detect, tmp_path: Path
) -> None:
    with serving({"signed.tif": remote_yard(tmp_path)}) as server:
        call = (server.url("signed", "signed.tif", "sig=old"), "--allow-remote", "--allow-host", f"127.0.0.1:{server.port}")
        bare = detect(*call, folder=tmp_path / "bare")
        bare.assert_told("signed", "403", "expired")
        ran = detect(*call, *refreshing(tmp_path, printed="place + '?sig=fresh'"), *more, folder=tmp_path)
    assert ran.code == 0
    assert ran.scene("signed")["boxes"] == 12
    # What the command is told holds no signature, and it is asked once for all threads of a process.
    asked = (tmp_path / "asked.txt").read_text().split()
    assert set(asked) == {server.url("signed", "signed.tif")}
    assert len(asked) <= 2
    assert not any(b"sig=fresh" in path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("'https://elsewhere.example/signed.tif?sig=fresh'", "printed the address of another place"),
        ("'no address'", "printed no address"),
        ("sys.exit(3)", "ended with 3"),
        ("place + '?sig=old'", "the server does not allow it"),
    ],
)
def test_n6_h9_a_command_that_gives_no_fresh_address_of_the_same_place_fails_the_scene(
    printed: str, said: str, detect: Detect, tmp_path: Path
) -> None:
    with serving({"signed.tif": remote_yard(tmp_path)}) as server:
        ran = detect(
            server.url("signed", "signed.tif", "sig=old"), "--allow-remote", "--allow-host", f"127.0.0.1:{server.port}",
            *refreshing(tmp_path, printed=printed), folder=tmp_path,
        )  # fmt: skip
    ran.assert_told("signed", said)
    assert ran.code == 3
    assert "sig=" not in ran.said


def test_n6_a_command_that_is_not_there_is_refused_before_any_work(detect: Detect, tmp_path: Path) -> None:
    ran = detect("https://h.example/a.tif", "--allow-remote", "--refresh-address", "no-such-program-here", folder=tmp_path)
    assert ran.code == 2
    assert "no-such-program-here" in ran.err


def test_n1_n8_a_server_that_is_silent_for_some_files_is_not_asked_for_all_others(detect: Detect, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(_SETTINGS)
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        urls = [f"http://{host}/scene{number}.tif" for number in range(8)]
        ran = detect(*urls, "--allow-remote", "--allow-host", host, "--config", settings, folder=tmp_path)
    assert ran.code == 3
    for number in range(5):
        ran.assert_told(f"scene{number}", "4 times", "run again later")
    for number in range(5, 8):
        ran.assert_told(f"scene{number}", f"not asked: {host} gave no answer for 5 files", "run again later")


def test_n7_a_scene_whose_file_changes_is_begun_anew_and_none_is_read_on(bad: Bad) -> None:
    for part in ("changes", "unmatched"):
        assert bad.ran.scene(part)["boxes"] == 12
        tags = [asked.headers.get("if-match") for asked in bad.server.of(part)][: bad.asked[part]]
        assert None in tags[tags.index('"one"') : tags.index('"two"')], "what it is now is asked before it is read"


def test_n7_a_file_that_changes_again_and_again_fails_its_scene(bad: Bad) -> None:
    bad.ran.assert_told("restless", "changed while it was read", "run again")
    assert bad.resumed.scene("restless")["boxes"] == 12


@pytest.mark.parametrize("more", [(), ("--executor", "process", "--workers", "1")])
def test_n7_other_scenes_are_looked_at_once_and_keep_their_place(more: tuple[str, ...], detect: Detect, tmp_path: Path) -> None:
    with serving({"b.tif": remote_yard(tmp_path), "c.tif": remote_yard(tmp_path)[:-1] + b"."}) as server:
        urls = [server.url("changes", "b.tif"), server.url("right", "c.tif")]
        hosts = ("--allow-remote", "--allow-host", f"127.0.0.1:{server.port}")
        ran = detect(write(tmp_path / "a.tif", yard(8)), *urls, *hosts, *more, folder=tmp_path)
    assert ran.code == 0, ran.err
    assert [(one["part"], one["status"]) for one in ran.json["scenes"]] == [("a", "done"), ("b", "done"), ("c", "done")]
    assert sorted(json.loads((ran.folder / "timings.json").read_text())) == ["a", "b", "c"]
    assert ran.err.count(" MB of b.tif") == 1


def test_n8_a_portals_page_an_empty_and_a_missing_file_are_named(bad: Bad) -> None:
    bad.ran.assert_told("portal", "an HTML page", "GeoTIFF")
    bad.ran.assert_told("empty", "an empty file")
    bad.ran.assert_told("gone", "no such file (404)", "check the address")


def test_n9_a_server_that_asks_to_wait_is_waited_for_up_to_a_limit(bad: Bad) -> None:
    assert bad.ran.scene("wait429")["boxes"] == 12
    times = bad.server.state["429"]
    assert times[2] - times[1] > 0.9
    assert times[3] - times[2] > 0.9
    assert times[3] - times[1] < 60


def test_h9_no_redirect_leads_to_this_machine_or_a_private_network(bad: Bad) -> None:
    for part in LED:
        assert "redirect" in sentence(bad, part), sentence(bad, part)
        assert "allow-host" not in sentence(bad, part)
    bad.ran.assert_told("ring", "more than 5 redirects")
    bad.ran.assert_told("tofile", "file:, which is not read")


def test_h11_another_host_is_told_nothing_that_was_meant_for_the_first(bad: Bad) -> None:
    asked = bad.other.of("right")
    assert asked
    for one in (*asked, *bad.server.requests):
        assert not {"authorization", "cookie", "referer"} & one.headers.keys()
    assert not any(one.query for one in asked)
    assert all(one.query == _KEY for one in bad.server.of("right"))


def test_h11_signatures_are_written_nowhere(bad: Bad) -> None:
    for ran in (bad.ran, bad.resumed):
        assert "verborgen" not in ran.said
        for path in ran.folder.rglob("*"):
            assert not path.is_file() or b"verborgen" not in path.read_bytes(), path


def test_h11_signatures_reach_workers_and_the_page_and_nothing_else(sattrack: Detect, tmp_path: Path) -> None:
    with serving({"scene.tif": remote_yard(tmp_path)}) as server:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login me password geheim\n")
        ran = sattrack(
            "detect", server.url("right", query=_KEY), "-o", tmp_path / "run", "--detector", "bright_boxes:Bright",
            "--allow-remote", "--allow-host", "127.0.0.1", "--executor", "process", "-v", folder=tmp_path,
            env={"NETRC": str(netrc), "AWS_ACCESS_KEY_ID": "AKIAGEHEIM", "AWS_SECRET_ACCESS_KEY": "geheim"},
        )  # fmt: skip
        assert ran.code == 0, ran.err
        assert all(one.query == _KEY for one in server.requests)
        assert not any("geheim" in str(one.headers).lower() for one in server.requests)
    assert re.search(r"read [01]\.[0-9] of 0\.8 MB of scene\.tif", ran.err), ran.err
    for path in (tmp_path / "run").rglob("*"):
        assert not path.is_file() or b"verborgen" not in path.read_bytes(), path
    assert "data:image" in (tmp_path / "run" / "report.html").read_text()
    (told,) = json.loads((tmp_path / "run" / "timings.json").read_text()).values()
    assert 0 < told["read_bytes"] <= 2 * told["of_bytes"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://127.0.0.1:9/a.tif", "plain http://"),
        ("https://127.0.0.1:9/a.tif", "private network"),
        ("https://[::ffff:169.254.169.254]/a.tif", "private network"),
        ("https://no-such-host.invalid/a.tif", "name|known"),
    ],
)
def test_n8_h9_h10_addresses_that_are_not_asked_fail_their_scene(text: str, said: str, detect: Detect, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(_SETTINGS)
    ran = detect(text, "--allow-remote", "--config", settings, folder=tmp_path)
    assert ran.code == 3
    assert re.search(said, ran.err)
    assert "Traceback" not in ran.said


@pytest.mark.parametrize(
    "text", ["file:///etc/passwd", "https://me:geheim@host/a.tif", "/vsizip//vsicurl/https://h/a.zip/a.tif"]
)
def test_h10_other_schemes_and_passwords_are_refused_before_any_work(text: str, detect: Detect, tmp_path: Path) -> None:
    ran = detect(text, "--allow-remote", folder=tmp_path)
    assert ran.code == 2
    assert "geheim" not in ran.said


def large_yard(path: Path, *, side: int) -> Path:
    """A COG with overviews, dark ground and a few boxes in its middle."""
    ground = np.tile(np.random.default_rng(3).integers(30, 60, (1, 512, 512)).astype(np.uint8), (1, side // 512, side // 512))
    boxes, middle = yard(12)[:1], side // 2
    ground[:, middle : middle + 200, middle : middle + 300] = boxes
    return write(path, ground, driver="COG", blocksize=256, compress="deflate", overviews="auto")


def middle_site(path: Path, *, raster: Path, share: float) -> Path:
    """An outline of this share of a scene, at its middle."""
    with rasterio.open(raster) as opened:
        side, transform, crs = opened.width, opened.transform, opened.crs
    half = side * share**0.5 / 2
    from pyproj import Transformer

    to_lonlat = Transformer.from_crs(crs, 4326, always_xy=True)
    corners = [(-half, -half), (half, -half), (half, half), (-half, half), (-half, -half)]
    ring = [to_lonlat.transform(*(transform @ (side / 2 + x, side / 2 + y))) for x, y in corners]
    shape = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"site_id": "middle"}, "geometry": shape}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def test_n0_only_the_blocks_of_a_site_travel(detect: Detect, tmp_path: Path) -> None:
    raster = large_yard(tmp_path / "large.tif", side=8192)
    site = middle_site(tmp_path / "site.geojson", raster=raster, share=0.01)
    with serving({"large.tif": raster.read_bytes()}) as server:
        ran = detect(
            server.url("right", "large.tif"), "--sites", site, "--allow-remote", "--allow-host", "127.0.0.1", folder=tmp_path
        )
        assert ran.code == 0, ran.err
        assert ran.scene("large")["boxes"] == 12
        sent = server.sent["/right/large.tif"]
    (told,) = json.loads((ran.folder / "timings.json").read_text()).values()
    assert (told["read_bytes"], told["of_bytes"]) == (sent, raster.stat().st_size)
    assert sent < 0.05 * raster.stat().st_size
