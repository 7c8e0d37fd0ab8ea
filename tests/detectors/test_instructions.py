"""How a processor computes in 8 bits is told by its flags, as Linux lists them."""

from pathlib import Path

import pytest

from sattrack.detectors import instructions
from sattrack.detectors.instructions import best_of, eight_bit_instructions


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        ("fpu avx2 avx512f avx512_vnni", "vnni"), ("fpu avx2 avx_vnni", "vnni"), ("fpu avx avx2", "avx2"),
        ("fp asimd asimddp", "dotprod"), ("fpu sse2", ""), ("", ""),
    ],
)  # fmt: skip
def test_the_best_kind_is_taken(flags: str, kind: str) -> None:
    assert best_of(set(flags.split())) == kind


def test_a_system_that_does_not_tell_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_file(*_args: object, **_options: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", no_file)
    instructions.eight_bit_instructions.cache_clear()
    assert eight_bit_instructions() == ""
    instructions.eight_bit_instructions.cache_clear()
