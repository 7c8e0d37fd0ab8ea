"""Wording: a benchmark's numbers as a reader of its page meets them."""

import math

# Count errors up to this fill a bar; beyond it they end at its edge.
BAR_PCT = 30.0


def signed(value: float) -> str:
    """+7.5, −12.0, 0.0; a dash where there is no such number."""
    if not math.isfinite(value):
        return "–"
    size = f"{abs(value):.1f}"
    return size if size == "0.0" else f"{'+' if value > 0 else '−'}{size}"


def rate(value: float, *, digits: int = 3) -> str:
    """0.957, or a dash."""
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"
