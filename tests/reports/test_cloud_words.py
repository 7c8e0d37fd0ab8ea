from dataclasses import replace
from pathlib import Path

from sattrack.reports.cloud_words import cloud_words
from sattrack.results import CLOUDS_JUDGED
from tests.reports.invented_run import port


def test_scenes_are_told_apart_by_whether_a_mask_the_picture_or_nothing_spoke_of_clouds(tmp_path: Path) -> None:
    count = port(tmp_path, scenes=2)[0].counts[0]
    masked = replace(count, cloud_checked=True, notes=())
    judged = replace(count, cloud_checked=False, notes=("another note", f"{CLOUDS_JUDGED}: none was found"))
    nothing = replace(count, cloud_checked=False, notes=("no cloud mask, and clouds cannot be judged: the picture is gray",))
    assert cloud_words([masked, masked]) == []
    (said,) = cloud_words([masked, judged, judged])
    assert said.startswith("In 2 of 3 counted scenes no cloud mask came with the picture, and thick cloud was judged")
    said, unchecked = cloud_words([judged, nothing, nothing, nothing])
    assert said.startswith("In 1 of 4 counted scenes")
    assert unchecked.startswith("Cloud was not looked for in 3 of 4 counted scenes")
