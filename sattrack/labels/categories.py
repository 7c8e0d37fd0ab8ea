"""Categories: which of a set's names mean a container, and which mean that nothing can be told."""

import re
from collections.abc import Collection, Mapping, Sequence

from sattrack.errors import UsageError
from sattrack.phrases import some

# "container crane" is no container, nor is "container ship"; a "container lot" is many.
_NOT_A_BOX = {
    "area", "areas", "block", "blocks", "carrier", "carriers", "crane", "cranes", "depot", "depots", "group", "groups", "lorry",
    "lot", "lots", "park", "port", "ports", "ship", "ships", "stack", "stacks", "terminal", "terminals", "train", "trains",
    "truck", "trucks", "vessel", "vessels", "wagon", "wagons", "yard", "yards", "zone", "zones",
}  # fmt: skip
_UNTOLD = {"unknown", "uncertain", "unsure"}
_IGNORE = {"ignore", "ignored", "dont care", "dontcare", "don t care"}


def means_ignore(name: str) -> bool:
    """Whether a category marks places where nothing can be told."""
    return _plain(name) in _IGNORE


def means_container(name: str) -> bool:
    """container, containers, container_20ft, Shipping-Container, ...; not container_crane. Nothing stands for a container."""
    words = _plain(name).split()
    if words[:1] == ["shipping"]:
        words = words[1:]
    return not name or (words[:1] in (["container"], ["containers"]) and not _NOT_A_BOX.intersection(words))


def may_be_container(name: str, *, taken: Collection[str]) -> bool:
    """Whether a thing of a category that nobody could tell for sure, or a crowd of them, may be containers, or hold some.

    taken: the categories that are containers. A container lot is none of these, a crowd of ships neither.
    """
    words = set(_plain(name).split())
    told = [{"container"}, {"containers"}, *(set(_plain(one).split()) for one in taken)]
    return name in taken or means_ignore(name) or bool(words & _UNTOLD) or any(one and one <= words for one in told)


def taken_categories(
    counts: Mapping[str, int],
    *,
    asked: Sequence[str],
    where: str,
    names: Mapping[str, str] | None = None,
    numbered: bool = True,
) -> frozenset[str]:
    """The categories of a set that are containers: those asked for, or those that are called so.

    counts: boxes by category. names: id -> name of all categories that the set declares; where it declares none, a category `0`
    is a container if they are numbered, or it is alone: else a number may be each box's own. Of those asked for some may be
    in other sets only. UsageError lists what there is, where none of them is there, or none is a container.
    """
    declared = dict(names or {})
    there = dict.fromkeys([*declared.values(), *counts])
    if asked:
        by_name = {_plain(name): name for name in there} | declared
        meant = frozenset(by_name[key] for name in asked for key in (name, _plain(name)) if key in by_name)
        if there and not meant:
            raise UsageError(f"no category {', '.join(asked)}", where=where, way_out=_listed(there, counts))
        return meant
    first = "0" if not declared and (numbered or len(there) == 1) else None
    found = frozenset(name for name in there if means_container(name) or name == first)
    if not found and any(counts.values()):
        option = "--label-classes, of boxes from a file --prediction-classes"
        way_out = f"say which with classes ({option}); {_listed(there, counts)}"
        raise UsageError("no category is called container", where=where, way_out=way_out)
    return found


def _listed(there: Mapping[str, None], counts: Mapping[str, int]) -> str:
    return "there are: " + ", ".join(
        f"{name or 'unnamed'} ({some(counts.get(name, 0), 'box', 'boxes')})" for name in list(there)[:40]
    )


def _plain(name: str) -> str:
    """Small letters and digits, one space between words."""
    return " ".join(re.split(r"[\W_]+", name.casefold())).strip()
