"""The calendar of the replay: what stood where from May to October 2023, and when each place was looked at.

It follows the public timeline of a real case in dates and sizes; the places are made up, and so is every number.
"""

import datetime as dt

import numpy as np

from sattrack.synthetic.places import Change, Look

_FIRST, _LAST = dt.datetime(2023, 4, 25, tzinfo=dt.UTC), dt.datetime(2023, 10, 28, tzinfo=dt.UTC)
_EVERY = dt.timedelta(days=4)


def _at(when: str) -> dt.datetime:
    """Month, day and clock of 2023, UTC: 05-04T01:52:10, or fewer figures."""
    return dt.datetime.fromisoformat(f"2023-{when}+00:00")


def everyday(seed: int, *, zone: int, mean: float, spread: float) -> tuple[Change, ...]:
    """What a zone holds when nothing is afoot: every four days another number about the mean, half way from the last.

    mean, spread: stacks; the spread is that of a single step.
    """
    rng = np.random.default_rng(seed)
    found, off, time = [], 0.0, _FIRST
    while time < _LAST:
        off = 0.5 * off + float(rng.normal(0, spread))
        found.append(Change(time, zone, max(round(mean + off), 0)))
        time += _EVERY
    return tuple(found)


def _changes(*steps: tuple[str, int]) -> tuple[Change, ...]:
    """Of zone 0, the one that the story is about."""
    return tuple(Change(_at(when), 0, stacks) for when, stacks in steps)


def _fine(when: str, off_nadir: float, sun: float, **more: object) -> Look:
    return Look(_at(when), "rendered-30", off_nadir, sun, **more)  # type: ignore[arg-type]


def _wide(when: str, off_nadir: float, sun: float, **more: object) -> Look:
    return Look(_at(when), "rendered-50", off_nadir, sun, **more)  # type: ignore[arg-type]


# Six times the stack fills, is loaded onto a ship and is gone; then a seventh stands there.
PIER_CHANGES = _changes(
    ("08-25T06:00", 150), ("08-26T06:00", 205), ("08-28T00:00", 90), ("08-28T12:00", 0),
    ("09-04T06:00", 90), ("09-06T06:00", 190), ("09-07T00:00", 290), ("09-08T00:00", 160), ("09-08T08:00", 0),
    ("09-14T06:00", 70), ("09-15T06:00", 150), ("09-16T06:00", 220), ("09-17T06:00", 255), ("09-19T03:00", 100),
    ("09-19T12:00", 0),
    ("09-26T06:00", 80), ("09-28T06:00", 190), ("09-30T00:00", 265), ("10-02T12:00", 0),
    ("10-06T06:00", 60), ("10-08T06:00", 150), ("10-10T00:00", 240), ("10-11T06:00", 275), ("10-12T04:00", 150),
    ("10-13T06:00", 0),
    ("10-15T06:00", 110), ("10-16T06:00", 220), ("10-17T00:00", 292), ("10-19T00:00", 210), ("10-20T00:00", 70),
    ("10-20T05:00", 0),
    ("10-20T12:00", 120), ("10-21T00:00", 285),
)  # fmt: skip

PIER_LOOKS = (
    _fine("05-04T01:52:10", 9, 60), _wide("05-09T02:20:41", 6, 63), _fine("05-16T02:05:33", 14, 64),
    _wide("05-21T01:47:19", 11, 63), _fine("05-30T01:58:52", 5, 66), _wide("06-02T02:11:27", 8, 68),
    _fine("06-09T02:02:36", 12, 68), _wide("06-14T02:24:08", 10, 69, veil="cloud", bank=(-52.0, 34.0, 40.0)),
    _fine("06-22T01:49:45", 7, 67), _wide("06-27T02:15:50", 13, 69), _fine("07-04T02:09:14", 10, 68),
    _wide("07-08T01:51:02", 5, 66), _fine("07-14T01:55:39", 15, 65, haze=0.1),
    _wide("07-19T02:18:31", 9, 66, veil="unmasked", bank=(30.0, -44.0, 30.0)), _fine("07-26T02:03:07", 6, 64),
    _wide("07-30T02:13:44", 12, 63), _fine("08-05T01:57:20", 8, 61, veil="cloud", bank=(-75.0, 20.0, 46.0)),
    _wide("08-09T02:22:53", 7, 62), _fine("08-15T02:06:18", 11, 60), _wide("08-19T01:50:36", 14, 57),
    _fine("08-23T01:48:30", 9, 57),
    _fine("08-26T02:05:11", 6, 58), _wide("08-27T01:46:22", 10, 56), _fine("08-30T02:01:52", 12, 56),
    _wide("08-31T02:12:39", 8, 56), _fine("09-05T01:53:27", 14, 53, shift_m=(2.4, -1.7)), _wide("09-07T02:09:50", 5, 53),
    _fine("09-08T01:39:04", 10, 50, ship=True), _wide("09-11T02:14:16", 9, 52), _fine("09-12T01:59:33", 7, 50),
    _wide("09-17T01:56:48", 12, 48), _fine("09-18T01:45:12", 6, 47), _wide("09-22T02:10:05", 8, 47, haze=0.12),
    _fine("09-24T02:04:29", 13, 46), _fine("09-29T01:51:55", 8, 43), _wide("09-30T02:16:40", 6, 44),
    _fine("10-03T01:55:20", 10, 42), _wide("10-04T02:08:13", 9, 43, veil="cloud", bank=(-20.0, 2.0, 86.0)),
    _wide("10-06T01:54:37", 11, 41), _fine("10-09T02:00:44", 7, 40), _wide("10-10T02:11:58", 13, 40),
    _fine("10-12T01:49:26", 5, 38, ship=True), _wide("10-14T02:07:31", 8, 39), _fine("10-15T01:52:08", 11, 37),
    _wide("10-17T02:14:09", 12, 38), _fine("10-18T02:03:15", 9, 37), _wide("10-19T01:58:46", 7, 36, ship=True),
    _wide("10-20T02:01:33", 5, 36, ship=True), _wide("10-20T06:43:18", 14, 26), _fine("10-21T01:47:55", 8, 35),
    _wide("10-21T02:08:20", 10, 36),
)  # fmt: skip

# A ship unloads a day and a half after it left the pier; then trains take the boxes.
QUAY_CHANGES = _changes(
    ("08-30T00:00", 205), ("09-02T06:00", 120), ("09-04T06:00", 40), ("09-05T06:00", 0),
    ("09-10T00:00", 150), ("09-10T12:00", 290), ("09-13T06:00", 190), ("09-15T06:00", 80), ("09-17T06:00", 0),
    ("09-21T06:00", 255), ("09-23T06:00", 150), ("09-26T06:00", 0),
    ("10-04T06:00", 265), ("10-07T06:00", 130), ("10-09T06:00", 0),
    ("10-15T00:00", 275), ("10-18T06:00", 150), ("10-20T12:00", 0),
    ("10-22T00:00", 292),
)  # fmt: skip

QUAY_LOOKS = (
    _fine("05-06T02:10:24", 8, 60), _fine("05-20T02:01:47", 11, 63), _fine("06-05T01:56:13", 6, 66),
    _fine("06-20T02:14:52", 13, 68), _fine("07-06T02:03:38", 9, 66), _fine("07-20T01:58:05", 7, 64),
    _fine("08-04T02:12:29", 12, 62), _fine("08-17T02:00:41", 5, 58), _fine("08-26T01:54:16", 10, 55),
    _fine("08-31T01:55:37", 7, 54, ship=True), _fine("09-07T02:08:54", 12, 53), _fine("09-11T01:59:22", 9, 50),
    _fine("09-18T02:05:46", 6, 48), _fine("09-22T01:52:30", 11, 46), _fine("09-25T02:11:03", 8, 46, haze=0.1),
    _fine("09-30T01:57:51", 14, 43), _fine("10-05T02:04:19", 7, 41),
    _fine("10-11T02:13:35", 10, 40, veil="cloud", bank=(70.0, 10.0, 42.0)), _fine("10-16T01:56:28", 6, 37, ship=True),
    _fine("10-21T02:07:44", 9, 36), _fine("10-23T02:02:57", 12, 35),
)  # fmt: skip

# Some ten days after a ship left, the pits fill; what is emptied goes back before the next trains come.
STORE_CHANGES = _changes(
    ("09-06T06:00", 110), ("09-07T12:00", 205), ("09-12T06:00", 120), ("09-15T06:00", 0),
    ("09-17T06:00", 150), ("09-19T06:00", 290), ("09-24T06:00", 180), ("09-27T06:00", 25),
    ("09-30T06:00", 280), ("10-05T06:00", 150), ("10-09T06:00", 15),
    ("10-12T06:00", 280), ("10-17T06:00", 140), ("10-20T06:00", 10),
    ("10-23T06:00", 285),
)  # fmt: skip

STORE_LOOKS = (
    _wide("05-11T08:41:09", 9, 60), _wide("05-25T08:32:37", 5, 63), _wide("06-10T08:53:15", 12, 66),
    _wide("06-24T08:37:50", 8, 67), _wide("07-09T08:48:02", 10, 66), _wide("07-23T08:29:44", 7, 63),
    _wide("08-07T08:45:31", 13, 61), _wide("08-21T08:51:26", 6, 57), _wide("09-02T08:34:13", 11, 53),
    _wide("09-08T08:42:58", 8, 51), _wide("09-13T08:39:20", 9, 49), _wide("09-16T08:47:47", 12, 48, veil="wedge"),
    _wide("09-20T08:36:05", 6, 47), _wide("09-28T08:50:33", 10, 44), _wide("10-01T08:31:59", 7, 42),
    _wide("10-10T08:44:12", 13, 39, haze=0.1), _wide("10-13T08:38:48", 8, 38), _wide("10-21T08:46:25", 11, 36),
    _wide("10-24T08:33:40", 5, 34),
)  # fmt: skip

CONTROL_LOOKS = (
    _fine("05-05T10:51:09", 8, 50), _wide("05-13T10:58:02", 10, 53), _fine("05-19T10:42:37", 5, 53),
    _wide("05-28T11:03:15", 12, 56), _fine("06-04T10:47:50", 11, 56), _wide("06-11T10:39:44", 7, 57),
    _fine("06-19T10:55:31", 9, 58), _wide("06-26T11:01:26", 6, 58), _fine("07-03T10:44:13", 13, 57),
    _wide("07-10T10:52:58", 9, 57), _fine("07-18T10:49:20", 6, 56), _wide("07-25T10:57:47", 11, 55),
    _fine("08-02T10:40:55", 10, 52), _wide("08-10T11:02:40", 8, 50, shift_m=(-1.9, 2.2)), _fine("08-16T10:46:18", 7, 48),
    _wide("08-24T10:54:06", 5, 46), _fine("09-03T10:50:51", 12, 42), _wide("09-09T10:43:29", 9, 40),
    _fine("09-15T10:52:58", 8, 38), _wide("09-26T10:59:14", 10, 34), _fine("10-06T10:49:20", 6, 30),
    _wide("10-13T10:45:37", 7, 28), _fine("10-19T10:56:03", 9, 26),
)  # fmt: skip
