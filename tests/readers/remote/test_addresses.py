"""Which addresses may be asked."""

import socket

import pytest

from sattrack.errors import RemoteError, UsageError
from sattrack.readers.remote.addresses import addresses_of, checked_hosts, is_allowed


def asked(host: str, port: int = 443, allowed: tuple[str, ...] = ()) -> list[str]:
    return [str(one.at[0]) for one in addresses_of(host, port, allowed=allowed, where="x")]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::",
        "127.1", "0x7f000001",
    ],
)  # fmt: skip
def test_h9_no_private_loopback_link_local_or_multicast_address_is_asked(host: str) -> None:
    with pytest.raises(RemoteError, match="private network"):
        asked(host)
    named = f"[{host}]" if ":" in host else host
    assert asked(host, 443, (named,)) == asked(host, 443, (f"{named}:443",)) != []


def test_public_addresses_are_asked() -> None:
    assert asked("93.184.215.14") == ["93.184.215.14"]
    assert asked("2606:2800:220:1:248:1893:25c8:1946") != []


def test_h9_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 443)) for host in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(RemoteError, match="private network"):
        asked("example.org")


def test_a_name_that_does_not_exist_is_final_and_one_that_whose_lookup_failed_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(number: int) -> None:
        def look_up(*_: object, **__: object) -> None:
            raise socket.gaierror(number, "no")

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    fail(socket.EAI_NONAME)
    with pytest.raises(RemoteError, match="not known"):
        asked("example.org")
    fail(socket.EAI_AGAIN)
    with pytest.raises(socket.gaierror):
        asked("example.org")


def test_hosts_are_named_with_or_without_a_port() -> None:
    assert checked_hosts(["LocalHost:8000", "[::1]"]) == ("localhost:8000", "[::1]")
    assert is_allowed("localhost", 8000, ("localhost:8000",))
    assert not is_allowed("localhost", 8001, ("localhost:8000",))
    assert is_allowed("::1", 9, ("[::1]",))
    for wrong in ("http://localhost", "localhost/a", "me@localhost", "", "::1"):
        with pytest.raises(UsageError, match="HOST:PORT"):
            checked_hosts([wrong])
