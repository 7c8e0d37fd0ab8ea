"""Judging: what a scene can be used for, by the pixels that lie across a container."""

WIDTH_M = 2.438  # ISO 668: the outer width of a freight container
COUNT_SURELY_PX = 3.0
COUNT_PX = 2.0
AREA_PX = 0.5
PRESENCE_PX = 0.2
# Up to this size of pixel colour is counted rather than the finer gray: every labelled set of 0.65 m or finer has an AP at 0.3
# of 0.85 or more (docs/detector.md), and colour parts boxes from the ground and from each other.
FINE_COLOUR_M = 0.65

# What can be had where boxes cannot be counted, after a capability's name.
INSTEAD = {
    "area": "; the area that stacks cover is read by sattrack cover",
    "presence": "; brightness and its change are told by sattrack cover",
}

# Ladders given as 0.2 m or 1.219 m must not fall off a rung by the last bit of a division.
_SLACK = 1e-9


def px_per_width(gsd_m: tuple[float, float]) -> float:
    """Pixels across a box of 2.438 m, by the coarser of the two pixel sizes (metres)."""
    return WIDTH_M / max(gsd_m)


def capability(gsd_m: tuple[float, float]) -> str:
    """count, area, presence or refuse: what pixels of this size (metres) allow."""
    px = px_per_width(gsd_m) + _SLACK
    if px >= COUNT_PX:
        return "count"
    if px >= AREA_PX:
        return "area"
    return "presence" if px >= PRESENCE_PX else "refuse"


def capability_warning(gsd_m: tuple[float, float]) -> str:
    """What must be said beside a count from pixels this coarse; empty where nothing must."""
    px = px_per_width(gsd_m) + _SLACK
    if not COUNT_PX <= px < COUNT_SURELY_PX:
        return ""
    return (
        f"only {px:.1f} pixels lie across a container (pixels of {max(gsd_m):.2f} m): boxes in tight rows may be missed or "
        f"joined; counts are sure from {COUNT_SURELY_PX:g}"
    )
