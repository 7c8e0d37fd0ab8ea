"""Mutations: what chance, a torn disk or a stranger makes of a file's bytes; the same generator gives the same mutant."""

import random
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence

Mutation = Callable[[random.Random, bytes], bytes]
_EXTREMES = (0, 1, 2, 3, 7, 255, 256, 65535, 65536, 10**6, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1)
_NUMBERS = (
    "0", "-1", "1", "2147483647", "-2147483648", "4294967296", "99999999999999999999", "1e308", "-1e308", "1e999", "nan", "inf",
    "1e-320", "0x10", "1.5", "1,5", "\u0661\u0662", "",
)  # fmt: skip
_ODD = (
    "\0", "\ufeff", "\r", "\n", "\t", "\u202e", "\ud7ff", "é", "😀", '"', "'", "&", "<", ">", "{", "[", "&#0;", "%s", "../",
    "/etc/passwd", "=1+1", "- ", ": ", "!!python/object:os.system", "&a *a", "null", "true", "9" * 400, "[" * 300,
    '{"a":' * 300,
)  # fmt: skip
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def mutated(pick: random.Random, raw: bytes, *, others: Sequence[bytes], text: bool) -> bytes:
    """One to three mutations of a file, by its kind; `others` are what it may be spliced with."""
    for _ in range(pick.choice((1, 1, 1, 2, 3))):
        ways = list(_TEXT if text else _BYTES)
        if raw[:2] in (b"II", b"MM"):
            ways += [edit_tag] * 8
        elif raw.startswith(b"\x89PNG"):
            ways += [edit_png] * 5
        elif raw.startswith(b"\xff\xd8"):
            ways += [edit_jpeg] * 5
        elif raw[4:8] == b"jP  ":
            ways += [edit_jp2] * 5
        way = pick.choice([*ways, None])
        raw = splice(pick, raw, pick.choice(others)) if way is None and others else (way or flip)(pick, raw)
    return raw


def flip(pick: random.Random, raw: bytes) -> bytes:
    """Single bits turned, in the head as often as anywhere."""
    made = bytearray(raw)
    for _ in range(pick.choice((1, 1, 2, 4, 16)) if made else 0):
        end = min(len(made), 512) if pick.random() < 0.5 else len(made)
        made[pick.randrange(end)] ^= 1 << pick.randrange(8)
    return bytes(made)


def overwrite(pick: random.Random, raw: bytes) -> bytes:
    """A run of bytes becomes zero, all ones or noise."""
    start, length = pick.randrange(len(raw) + 1), pick.choice((1, 4, 16, 512, 4096))
    length = min(length, len(raw) - start)
    return raw[:start] + pick.choice((bytes(length), b"\xff" * length, pick.randbytes(length))) + raw[start + length :]


def cut(pick: random.Random, raw: bytes) -> bytes:
    """The end is missing, as after a broken download; or the beginning."""
    at = pick.randrange(len(raw) + 1)
    return raw[at:] if pick.random() < 0.1 else raw[:at]


def drop(pick: random.Random, raw: bytes) -> bytes:
    """A stretch in the middle is missing."""
    start = pick.randrange(len(raw) + 1)
    return raw[:start] + raw[start + pick.choice((1, 2, 8, 512)) :]


def repeat(pick: random.Random, raw: bytes) -> bytes:
    """A stretch stands twice."""
    start = pick.randrange(len(raw) + 1)
    end = start + pick.choice((1, 8, 512, 4096))
    return raw[:end] + raw[start:]


def splice(pick: random.Random, raw: bytes, other: bytes) -> bytes:
    """The head of one file and the tail of another."""
    return raw[: pick.randrange(len(raw) + 1)] + other[pick.randrange(len(other) + 1) :]


def edit_tag(pick: random.Random, raw: bytes) -> bytes:
    """A number of a TIFF directory's entry (tag, type, count, value or what it points to) becomes an extreme one."""
    entries = list(tiff_entries(raw))
    if not entries:
        return flip(pick, raw)
    order, big, at = pick.choice(entries)
    field = pick.choice(("tag", "type", "count", "value", "value", "value", "pointed", "swap"))
    if field == "swap":
        _, _, other = pick.choice(entries)
        size = 20 if big else 12
        value = raw[other + size // 2 : other + size]
        return put(raw, at + size // 2, value)
    if field in ("tag", "type"):
        value = pick.choice((0, 1, 3, 4, 5, 12, 13, 16, 18, 256, 257, 258, 259, 262, 273, 277, 279, 284, 322, 324, 339, 65535))
        return put(raw, at + (0 if field == "tag" else 2), struct.pack(order + "H", value))
    number = near(pick, struct.unpack_from(order + ("Q" if big else "I"), raw, at + (12 if big else 8))[0])
    wide = struct.pack(order + ("Q" if big else "I"), number % (1 << (64 if big else 32)))
    if field == "count":
        return put(raw, at + 4, wide)
    if field == "value":
        return put(raw, at + (12 if big else 8), wide)
    target = struct.unpack_from(order + ("Q" if big else "I"), raw, at + (12 if big else 8))[0]
    return put(raw, target + 4 * pick.randrange(8), struct.pack(order + "I", number % (1 << 32)))


def tiff_entries(raw: bytes) -> Iterator[tuple[str, bool, int]]:
    """(byte order, BigTIFF or not, offset) of the entries of every directory that can be found; at most 300."""
    order = "<" if raw[:2] == b"II" else ">"
    try:
        big = struct.unpack_from(order + "H", raw, 2)[0] == 43
        at = struct.unpack_from(order + ("Q" if big else "I"), raw, 8 if big else 4)[0]
        left = 300
        while at and left > 0:
            count = struct.unpack_from(order + ("Q" if big else "H"), raw, at)[0]
            at += 8 if big else 2
            for _ in range(min(count, left)):
                struct.unpack_from("20s" if big else "12s", raw, at)
                yield order, big, at
                at += 20 if big else 12
                left -= 1
            at = struct.unpack_from(order + ("Q" if big else "I"), raw, at)[0]
            left -= 1
    except (struct.error, OverflowError):
        return


def near(pick: random.Random, value: int) -> int:
    """An extreme number, or one near what is there."""
    return pick.choice((*_EXTREMES, value + 1, max(value - 1, 0), value * 2, value // 2, value ^ (1 << pick.randrange(32))))


def put(raw: bytes, at: int, value: bytes) -> bytes:
    """Bytes in another's place; nothing happens beyond the end."""
    return raw if at + len(value) > len(raw) else raw[:at] + value + raw[at + len(value) :]


def edit_png(pick: random.Random, raw: bytes) -> bytes:
    """A byte or a number of a PNG's chunk changes, and its checksum with it, so that a decoder gets to see it."""
    chunks = []
    at = 8
    while at + 12 <= len(raw):
        length = struct.unpack_from(">I", raw, at)[0]
        chunks.append((at, length))
        at += 12 + length
    if not chunks:
        return flip(pick, raw)
    at, length = pick.choice(chunks[:1] * 3 + chunks)
    if pick.random() < 0.2:
        return put(raw, at, struct.pack(">I", near(pick, length) % (1 << 32)))
    body = bytearray(raw[at + 4 : at + 8 + length])
    if raw[at + 4 : at + 8] == b"IHDR" and len(body) >= 12 and pick.random() < 0.6:
        struct.pack_into(">I", body, 4 + 4 * pick.randrange(2), near(pick, 300) % (1 << 32))
    elif len(body) > 4:
        body[pick.randrange(4, len(body))] = pick.randrange(256)
    return raw[: at + 4] + bytes(body) + struct.pack(">I", zlib.crc32(body)) + raw[at + 8 + length + 4 :]


def edit_jpeg(pick: random.Random, raw: bytes) -> bytes:
    """A byte within a JPEG's marker segments changes: size, sampling, tables."""
    at, places = 2, []
    while at + 4 <= len(raw) and raw[at] == 0xFF:
        length = struct.unpack_from(">H", raw, at + 2)[0]
        places.append((at, length))
        if raw[at + 1] == 0xDA:
            break
        at += 2 + length
    if not places:
        return flip(pick, raw)
    at, length = pick.choice(places)
    if 0xC0 <= raw[at + 1] <= 0xC2 and pick.random() < 0.6:
        return put(raw, at + pick.choice((5, 7)), struct.pack(">H", near(pick, 300) % 65536))
    return put(raw, at + 1 + pick.randrange(max(length, 1)), bytes([pick.randrange(256)]))


def edit_jp2(pick: random.Random, raw: bytes) -> bytes:
    """A number of a JPEG 2000's size marker or boxes becomes an extreme one."""
    marker = raw.find(b"\xff\x51")
    if marker >= 0 and pick.random() < 0.6:
        return put(raw, marker + 6 + 4 * pick.randrange(8), struct.pack(">I", near(pick, 300) % (1 << 32)))
    boxes = [found.start() for found in re.finditer(rb"jP  |ftyp|jp2h|ihdr|colr|jp2c|pclr|cmap|cdef|uuid|asoc", raw)]
    if not boxes:
        return flip(pick, raw)
    at = pick.choice(boxes)
    return put(raw, at - 4 if pick.random() < 0.5 else at + 4, struct.pack(">I", near(pick, 40) % (1 << 32)))


def other_number(pick: random.Random, raw: bytes) -> bytes:
    """A number in a text becomes an extreme one, or no number."""
    found = list(_NUMBER.finditer(raw))
    if not found:
        return odd_word(pick, raw)
    one = pick.choice(found)
    return raw[: one.start()] + pick.choice(_NUMBERS).encode() + raw[one.end() :]


def odd_word(pick: random.Random, raw: bytes) -> bytes:
    """Something odd stands in a text."""
    at = pick.randrange(len(raw) + 1)
    return raw[:at] + pick.choice(_ODD).encode("utf-8", "surrogatepass") + raw[at:]


def other_value(pick: random.Random, raw: bytes) -> bytes:
    """A whole value (between quotes, brackets, tags, commas or line ends) becomes another value of the text, or an odd one."""
    values = list(re.finditer(rb"[^\s<>\"'{}\[\],;:=/]+", raw))
    if not values:
        return odd_word(pick, raw)
    one = pick.choice(values)
    instead = (
        pick.choice(values)[0] if pick.random() < 0.5 else pick.choice((*_NUMBERS, *_ODD)).encode("utf-8", "surrogatepass")
    )
    return raw[: one.start()] + instead + raw[one.end() :]


def other_lines(pick: random.Random, raw: bytes) -> bytes:
    """A line is missing, stands twice, or elsewhere."""
    lines = raw.splitlines(keepends=True) or [b""]
    line = lines.pop(pick.randrange(len(lines)))
    for _ in range(pick.choice((0, 1, 2, 2, 50))):
        lines.insert(pick.randrange(len(lines) + 1), line)
    return b"".join(lines)


def other_brackets(pick: random.Random, raw: bytes) -> bytes:
    """What stands between two brackets, braces or tags is missing, empty or stands twice."""
    found = list(re.finditer(rb"\{[^{}]*\}|\[[^\[\]]*\]|<[^<>]*>", raw))
    if not found:
        return drop(pick, raw)
    one = pick.choice(found)
    inner = pick.choice((b"", b"null", b"{}", b"[]", b"0", one[0] * 2, b"[" + one[0] + b"]", b'"text"'))
    return raw[: one.start()] + inner + raw[one.end() :]


_BYTES: tuple[Mutation, ...] = (flip, flip, overwrite, overwrite, cut, drop, repeat)
_TEXT: tuple[Mutation, ...] = (
    flip, cut, drop, repeat, *(2 * (other_number, other_value, other_value, other_lines, odd_word, other_brackets))
)  # fmt: skip
