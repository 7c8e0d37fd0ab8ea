"""Refreshing: a fresh signature for an address that has expired, from a program that the user names on the command line."""

import shlex
import shutil
import subprocess
import threading
from collections.abc import Callable

from sattrack.errors import RemoteBusy, UsageError
from sattrack.readers.remote.places import bare, named_place, plain_address, query_of, renew

# A program that asks somebody for a password would stop the run.
MOST_S = 30.0
_MOST_BYTES = 65_536
_LOCK = threading.Lock()
_COMMAND: list[str] = []
# Who gave an address its signature, and can give another: see readers.catalogues.signing.
_SIGNERS: list[Callable[[str, str], bool]] = []


def renewed_by(signer: Callable[[str, str], bool]) -> None:
    """From now on a signer is asked first. It takes a named place and the signature that was used, and says whether the place
    has another one now; it leaves alone what it did not sign.
    """
    if signer not in _SIGNERS:
        _SIGNERS.append(signer)


def refresh_by(command: str | None) -> None:
    """From now on this process asks the command, without a shell; none: nobody. UsageError where there is no such program."""
    words: list[str] = []
    if command is not None:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"--refresh-address: {error}", way_out="close the quotes") from error
        if not words or shutil.which(words[0]) is None:
            raise UsageError(
                f"--refresh-address: no command {words[0] if words else ''!r} is there", way_out="give a program, with its path"
            )
    with _LOCK:
        _COMMAND[:] = words


def refresher() -> str | None:
    """The command, for a worker to be told."""
    return shlex.join(_COMMAND) if _COMMAND else None


def refreshed(place: str, *, used: str) -> bool:
    """Whether a named place has another signature now than the one that was used, by whoever signed it, else by the command,
    which is asked once for all threads.

    It is given the address without its query on standard input, and prints the whole new one, which may differ in nothing but
    the query. RemoteBusy, retried with a later run, where it fails or prints something else.
    """
    if any(signer(place, used) for signer in _SIGNERS):
        return True
    with _LOCK:
        if not _COMMAND:
            return False
        if query_of(place) != used:
            return True
        new = _asked(place)
        try:
            same = plain_address(named_place(new)) == plain_address(place)
        except UsageError as error:
            raise _failed(place, f"printed no address ({error.message})") from error
        if not same:
            raise _failed(place, f"printed the address of another place ({bare(new)})")
        renew(place, by=new)
        return query_of(place) != used


def _asked(place: str) -> str:
    try:
        done = subprocess.run(
            _COMMAND, input=plain_address(place).encode() + b"\n", capture_output=True, timeout=MOST_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise _failed(place, f"took longer than {MOST_S:g} s") from error
    except OSError as error:
        raise _failed(place, str(error.strerror)) from error
    if done.returncode:
        raise _failed(place, f"ended with {done.returncode}")
    return done.stdout[:_MOST_BYTES].decode("utf-8", "replace").strip()


def _failed(place: str, why: str) -> RemoteBusy:
    return RemoteBusy(
        f"the address has expired, and the command of --refresh-address {why}", where=place,
        way_out="mend the command and run again: what is done is kept",
    )  # fmt: skip
