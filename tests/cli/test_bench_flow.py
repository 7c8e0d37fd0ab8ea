"""`sattrack bench flow` draws places, runs them as anybody would, and judges what is said of them."""

import json


def test_drawn_places_are_judged_through_a_run_and_kept(sattrack, tmp_path) -> None:
    asked = ("bench", "flow", "--places", "2", "--dates", "2", "--keep", tmp_path / "kept", "--json", "-q")
    first = sattrack(*asked)
    assert first.code == 0, first.err
    truth = json.loads((tmp_path / "kept" / "0000" / "truth.json").read_text())["places"]
    assert [one["place"] for one in first.json["movements"]] == list(truth)
    for one in first.json["movements"]:
        before, after = truth[one["place"]]
        assert one["in_view"] == [len(before["seen"]), len(after["seen"])]
        assert one["left"] == len(set(before["seen"]) - set(after["standing"]))
        assert one["told"][0]["low"] <= one["told"][0]["value"] <= one["told"][0]["high"]
    assert sattrack(*asked).json == first.json
    other = sattrack(*asked, "--first-seed", "9400050")
    assert other.code != 0
    assert "holds other places" in other.err
