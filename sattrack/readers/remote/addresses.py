"""Addresses: which hosts may be asked, told from the addresses that their names stand for at that moment."""

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sattrack.errors import RemoteError, UsageError

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]/?#@\s]+)(?::([0-9]{1,5}))?", re.IGNORECASE)
# IPv6 addresses that stand for an IPv4 one (RFC 6052, section 2.1).
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a connection goes: what a name stood for when it was checked."""

    family: int
    at: Any


def checked_hosts(hosts: Sequence[str]) -> tuple[str, ...]:
    """Hosts of --allow-host, in small letters. UsageError where one is neither HOST nor HOST:PORT."""
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise UsageError(
                f"--allow-host is {host[:100]!r}", way_out="give HOST or HOST:PORT, such as 127.0.0.1:8000 or [::1]:8000"
            )
    return tuple(host.casefold() for host in hosts)


def is_allowed(host: str, port: int, allowed: Sequence[str]) -> bool:
    """Whether the user named this host, with this port or without any."""
    name = f"[{host}]" if ":" in host else host
    return name in allowed or f"{name}:{port}" in allowed


def addresses_of(host: str, port: int, *, allowed: Sequence[str], where: str, led: bool = False) -> list[Address]:
    """Where to connect for a host. RemoteError where it is not known, or is an address of this machine or a private network
    and the user did not name it; OSError where it cannot be looked up now. led: by a redirect.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
            raise  # asked again it may answer; that a name does not exist stays so
        raise RemoteError(
            f"the host {host} is not known: {error}", where=where, way_out="check the name, and the network"
        ) from error
    if not is_allowed(host, port, allowed) and not all(_is_public(str(at[0])) for *_, at in found):
        name = f"[{host}]" if ":" in host else host
        who = f"a redirect leads to {host}, which" if led else host
        # Nobody should open the door that somebody else points at.
        hint = "" if led else f"; --allow-host {name}:{port} if the server is yours"
        raise RemoteError(
            f"{who} is an address of this machine or of a private network", where=where,
            way_out=f"fetch the file and give its path{hint}",
        )  # fmt: skip
    return [Address(int(family), at) for family, *_, at in found]


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    inner = None
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if address.ipv4_mapped or address in _TRANSLATED:
            return inner is not None and _is_public(str(inner))
    public = address.is_global and not address.is_multicast
    return public and (inner is None or _is_public(str(inner)))
