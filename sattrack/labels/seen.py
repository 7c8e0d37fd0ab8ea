"""Seen: which labelled sets weights were trained on, and which they never saw, by what a card says of its sources."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_COMMA = "%2C"


@dataclass(frozen=True, slots=True)
class SeenSets:
    """named: seen for sure; left_out: never; everything: any other may have been seen too."""

    named: frozenset[str]
    left_out: frozenset[str]
    everything: bool

    def __contains__(self, name: str) -> bool:
        return name in self.named or (self.everything and name not in self.left_out)


def seen_sets(sources: Sequence[Mapping[str, str]]) -> SeenSets:
    """The labelled sets that a card names as trained on; all but those it left out, where it does not name them."""
    labelled = [s for s in sources if s.get("kind", "").endswith("labelled")]
    left_out = frozenset(name for s in labelled for name in names_in(s.get("left_out", "")))
    named = frozenset(name for s in labelled for name in names_in(s.get("sets", "")))
    return SeenSets(named, left_out - named, everything=any(not s.get("sets") for s in labelled))


def left_out_sets(sources: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """The labelled sets that a card says its weights never saw, each once: what one source left out another may have had."""
    named = seen_sets(sources).named
    left_out = [name for source in sources for name in names_in(source.get("left_out", ""))]
    return tuple(name for name in dict.fromkeys(left_out) if name not in named)


def listed(names: Iterable[str]) -> str:
    """Names of sets or pictures, as a card lists them; a comma in a name is written so that it parts none."""
    return ", ".join(name.replace(",", _COMMA) for name in names)


def names_in(said: str) -> list[str]:
    """The names that a card lists."""
    return [name.strip().replace(_COMMA, ",") for name in said.split(",") if name.strip()]
