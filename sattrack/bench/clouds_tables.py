"""What a trial of clouds found, as rows and as plain values: a row for each kind of ground, and one for all."""

from collections.abc import Sequence
from typing import Any

from sattrack.bench.clouds import Tried
from sattrack.bench.tables import Table


def cloud_values(found: Sequence[Tried]) -> list[dict[str, Any]]:
    """Shares are 0 to 1, none where there was nothing to share in; worst: the picture with most clear ground called cloud."""
    return [_values(name, [one for one in found if name in (one.ground, "all")]) for name in _names(found)]


def cloud_table(found: Sequence[Tried]) -> Table:
    head = (
        "ground",
        "pictures",
        "unjudged",
        "clear called",
        "doubtful",
        "worst picture",
        "thick found",
        "doubtful",
        "thin called",
    )
    return head, [
        (
            v["ground"], str(v["pictures"]), str(v["unjudged"]), _percent(v["called"]), _percent(v["doubtful"]),
            f"{v['worst']} ({_percent(v['worst_called'])})" if v["worst_called"] else "none",
            _percent(v["thick_found"]), _percent(v["thick_doubtful"]), _percent(v["thin_called"]),
        )
        for v in cloud_values(found)
    ]  # fmt: skip


def _names(found: Sequence[Tried]) -> list[str]:
    return [*dict.fromkeys(one.ground for one in found), "all"]


def _values(name: str, own: Sequence[Tried]) -> dict[str, Any]:
    judged = [one for one in own if not one.unjudged]
    worst = max(judged, key=lambda one: one.called / max(one.clear, 1), default=None)

    def share(part: str, whole: str) -> float | None:
        of = sum(getattr(one, whole) for one in judged)
        return sum(getattr(one, part) for one in judged) / of if of else None

    return {
        "ground": name, "pictures": len(own), "unjudged": len(own) - len(judged), "called": share("called", "clear"),
        "doubtful": share("doubtful", "clear"), "worst": worst.name if worst else None,
        "worst_called": worst.called / max(worst.clear, 1) if worst else None, "thick_found": share("found", "thick"),
        "thick_doubtful": share("thick_doubtful", "thick"), "thin_called": share("thin_called", "thin"),
    }  # fmt: skip


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"
