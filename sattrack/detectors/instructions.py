"""Instructions: with which ones a processor computes in 8 bits, which decides how quick that is, and how it rounds."""

from functools import lru_cache
from pathlib import Path

# A flag of /proc/cpuinfo -> what it stands for here.
_KNOWN = {"avx512_vnni": "vnni", "avx_vnni": "vnni", "asimddp": "dotprod", "avx2": "avx2"}


@lru_cache(maxsize=1)
def eight_bit_instructions() -> str:
    """vnni, dotprod or avx2: the best that this processor has; empty where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").partition("\n\n")[0].splitlines()
    except OSError:
        return ""
    return best_of({flag for line in lines if line.startswith(("flags", "Features")) for flag in line.split()})


def best_of(flags: set[str]) -> str:
    """The best kind among a processor's flags."""
    return next((kind for flag, kind in _KNOWN.items() if flag in flags), "")
