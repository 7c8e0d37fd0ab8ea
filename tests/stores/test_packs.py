"""The list of a run's evidence packs."""

import pytest

from sattrack.errors import StoreError
from sattrack.stores.packs import note_pack, packs_of


def test_a_pack_in_the_run_is_told_by_its_path_and_one_elsewhere_by_its_name(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    assert packs_of(run) == {}
    assert note_pack(run, "b", pack=run / "evidence" / "b.zip") == "evidence/b.zip"
    assert note_pack(run, "a", pack=tmp_path / "elsewhere" / "a.zip") == "a.zip"
    assert packs_of(run) == {"a": "a.zip", "b": "evidence/b.zip"}


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}'])
def test_a_damaged_list_is_an_error_with_its_place(tmp_path, content):
    (tmp_path / "evidence.json").write_text(content)
    with pytest.raises(StoreError, match=r"evidence\.json: the list of evidence packs is damaged"):
        packs_of(tmp_path)
