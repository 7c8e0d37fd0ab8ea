"""Chains: sites between which boxes are said to move, from a small YAML file; unknown keys are errors."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sattrack.errors import SettingsError
from sattrack.flows import Chain, Link, Place
from sattrack.readers.strict_yaml import read_yaml

_WAY_OUT = "see configs/chains/README.md for the form"
Days = Annotated[float, Field(ge=0, le=3650)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _PlaceSaid(_Strict):
    site_id: Name
    role: Literal["origin", "transit", "destination"]
    zone: str = ""
    name: str = ""


class _LinkSaid(_Strict):
    source: Name = Field(alias="from")
    target: Name = Field(alias="to")
    days: Annotated[list[Days], Field(min_length=2, max_length=2)]


class _ChainSaid(_Strict):
    name: Name
    places: Annotated[list[_PlaceSaid], Field(min_length=2, max_length=100)]
    links: Annotated[list[_LinkSaid], Field(min_length=1, max_length=1000)]
    sources: str = ""


def read_chain(path: Path) -> Chain:
    """The chain of a YAML file; SettingsError names the key that is wrong."""
    try:
        said = _ChainSaid.model_validate(read_yaml(path, called="chain", way_out=_WAY_OUT))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        message = "is not known" if first["type"] == "extra_forbidden" else f"{first['msg'][:1].lower()}{first['msg'][1:]}"
        raise SettingsError(f"{key}: {message}", where=str(path), way_out=_WAY_OUT) from error
    chain = Chain(
        said.name,
        tuple(Place(one.site_id, one.role, one.zone, one.name) for one in said.places),
        tuple(Link(one.source, one.target, *sorted(one.days)) for one in said.links),
        said.sources,
    )
    _check(chain, where=str(path))
    return chain


def _check(chain: Chain, *, where: str) -> None:
    sites = [one.site_id for one in chain.places]
    twice = next((site for site in sites if sites.count(site) > 1), None)
    if twice is not None:
        raise SettingsError(f"the site {twice!r} is there twice", where=where, way_out="keep one of them")
    for number, link in enumerate(chain.links):
        if any((link.source, link.target) == (one.source, one.target) for one in chain.links[:number]):
            raise SettingsError(
                f"the link from {link.source!r} to {link.target!r} is there twice", where=where, way_out="keep one of them"
            )
        for end in (link.source, link.target):
            if end not in sites:
                raise SettingsError(f"a link names {end!r}, which is no place of the chain", where=where, way_out=_WAY_OUT)
        if link.source == link.target:
            raise SettingsError(f"a link leads from {link.source!r} to itself", where=where, way_out="remove it")
