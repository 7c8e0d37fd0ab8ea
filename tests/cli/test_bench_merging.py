"""`sattrack bench merging` prints a row a kind and size, how they grow, and whether its promises held."""

from sattrack.bench import merging


def test_the_command_ends_with_1_where_a_promise_is_broken(sattrack, monkeypatch):
    said = sattrack("bench", "merging", "--boxes", "200", "--boxes", "400", "--rounds", "1", "--json", "--quiet")
    assert said.code == 0, said.err
    assert [(row["kind"], row["boxes"]) for row in said.json["rows"]][:3] == [("tile", 3040), ("yard", 200), ("yard", 400)]
    monkeypatch.setitem(merging.PROMISED, 200, 0.0)
    said = sattrack("bench", "merging", "--boxes", "200", "--rounds", "1")
    assert said.code == 1
    assert "BROKEN: 200 boxes of a yard took" in said.out
