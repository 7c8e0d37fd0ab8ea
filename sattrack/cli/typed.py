"""The command as it was typed, for the record of what it made."""

import re
import shlex
import sys
from pathlib import Path

_REFRESH = "--refresh-address"


def typed() -> str:
    """The command without what may be a key: what stands behind an address' question mark, user and password before its host,
    and what a program for fresh signatures is told.
    """
    words, before = [], ""
    for word in sys.argv[1:]:
        option, given, program = word.partition("=")
        if before == _REFRESH:
            words.append(_program(word))
        elif option == _REFRESH and given:
            words.append(f"{option}={_program(program)}")
        else:
            words.append(_without_keys(word))
        before = word
    return shlex.join(["sattrack", *words])


def _program(command: str) -> str:
    """The name of a program, without what it is told."""
    words = shlex.split(command)  # it was split before
    return " ".join([Path(words[0]).name, *(["..."] if words[1:] else [])])


def _without_keys(word: str) -> str:
    if "://" not in word:
        return word
    asked = f"{word.partition('?')[0]}?..." if "?" in word else word
    return re.sub(r"://[^/]*@", "://", asked)
