"""What a page says of clouds: in how many scenes they were looked for, by a mask or from the picture."""

from collections.abc import Sequence

from sattrack.phrases import some
from sattrack.results import CLOUDS_JUDGED
from sattrack.timeline import Count


def cloud_words(counted: Sequence[Count]) -> list[str]:
    """Sentences on the counted scenes that came without a cloud mask; none where all had one."""
    bare = [c for c in counted if not c.cloud_checked]
    judged = sum(any(note.startswith(CLOUDS_JUDGED) for note in c.notes) for c in bare)
    of = some(len(counted), "counted scene")
    said = []
    if judged:
        said.append(
            f"In {judged} of {of} no cloud mask came with the picture, and thick cloud was judged from the picture itself; "
            "boxes under thin cloud or haze, or in a shadow of cloud, may be missing from the number without notice."
        )
    if unchecked := len(bare) - judged:
        said.append(
            f"Cloud was not looked for in {unchecked} of {of}: no cloud mask came with them, and it was not judged from the "
            "picture. Boxes under cloud would be missing from the number without notice."
        )
    return said
