"""The licences of everything that sattrack runs with, from what the installed packages say of themselves."""

import importlib.metadata
import re
from collections.abc import Iterator

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")
_LONGEST = 80


def licences(root: str = "sattrack") -> list[tuple[str, str, str]]:
    """(package, version, licence) of a package and of all that it needs, directly or not, by name."""
    found: dict[str, tuple[str, str, str]] = {}
    waiting = [root]
    while waiting:
        key = _key(waiting.pop())
        if key in found:
            continue
        try:
            package = importlib.metadata.distribution(key)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform or Python
        found[key] = (package.metadata["Name"], package.version, licence_of(package.metadata))
        waiting += _needed(package)
    return [found[key] for key in sorted(found)]


def licence_of(metadata: object) -> str:
    """The licence expression, else the classifiers, else the first line of the free text."""
    get = getattr(metadata, "get_all")  # noqa: B009 (an email message underneath; only this is used of it)
    if expression := (get("License-Expression") or [""])[0]:
        return str(expression)
    classified = [c.rsplit(" :: ", 1)[-1] for c in get("Classifier") or [] if c.startswith("License ::")]
    text = str((get("License") or [""])[0]).strip().split("\n")[0][:_LONGEST]
    if classified and classified != ["OSI Approved"]:
        return " or ".join(classified)
    return text or "not stated"


def _needed(package: importlib.metadata.Distribution) -> Iterator[str]:
    for requirement in package.requires or []:
        marker = requirement.partition(";")[2]
        if "extra ==" in marker or "extra==" in marker:
            continue
        if name := _NAME.match(requirement):
            yield name.group()


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
