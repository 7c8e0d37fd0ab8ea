import datetime as dt
import json
import logging
import time
from types import SimpleNamespace
from typing import Any

import pytest

from sattrack.errors import StoreError
from sattrack.stores import leases
from sattrack.stores.leases import leased
from sattrack.stores.locations import Location
from sattrack.stores.objects import Objects
from tests.buckets import Bucket, bucket, s3_server  # noqa: F401


@pytest.fixture(params=["s3", "memory"])
def objects(request: pytest.FixtureRequest) -> Objects:
    if request.param == "s3":
        return request.getfixturevalue("bucket").objects()
    pytest.importorskip("fsspec").filesystem("memory").store.clear()
    return Objects(Location("memory", "run"))


def claims(objects: Objects) -> list[dict[str, Any]]:
    return [json.loads(objects.get(f"lock/{name}")) for name in objects.names("lock")]


def held_by(objects: Objects, number: int, *, seconds: float) -> None:
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    said = {"owner": "process 7 on elsewhere", "mark": "theirs", "until": until.isoformat()}
    objects.put(f"lock/{number:09d}", json.dumps(said).encode())


def test_c9_a_second_process_is_told_who_holds_the_run_and_until_when(objects: Objects) -> None:
    with leased(objects), pytest.raises(StoreError, match=r"another sattrack writes into this run: process \d+ on \S+, until"):  # noqa: SIM117
        with leased(objects):
            pass


def test_what_was_given_back_is_free_at_once_and_one_small_object_stays(objects: Objects) -> None:
    for _ in range(3):
        with leased(objects):
            assert len(claims(objects)) == 1
    assert [one["owner"] for one in claims(objects)] == ["free"]
    assert objects.names("lock") == ["000000003"]


def test_o12_who_died_is_followed_once_its_time_is_up_and_not_before(objects: Objects) -> None:
    held_by(objects, 4, seconds=30)
    with pytest.raises(StoreError, match="process 7 on elsewhere"), leased(objects):
        pass
    held_by(objects, 4, seconds=-1)
    with leased(objects) as lease:
        lease.demand()
        assert objects.names("lock") == ["000000005"]


def test_a_lock_that_nobody_can_read_holds_nothing(objects: Objects) -> None:
    objects.put("lock/000000002", b"{")
    objects.put("lock/readme", b"")
    with leased(objects):
        assert "000000003" in objects.names("lock")


def test_who_lives_says_so_again_in_time(objects: Objects) -> None:
    with leased(objects, lease_s=1.0) as lease:
        first = claims(objects)[0]["until"]
        time.sleep(1.5)
        lease.demand()
        assert claims(objects)[0]["until"] > first


def test_who_was_followed_hears_of_it_and_writes_no_more(objects: Objects) -> None:
    with leased(objects, lease_s=0.8) as lease:
        held_by(objects, 2, seconds=30)
        time.sleep(0.5)
        with pytest.raises(StoreError, match="the hold on the run was lost"):
            lease.demand()
    assert [one["owner"] for one in claims(objects)][-1] == "process 7 on elsewhere"


def test_who_cannot_reach_the_store_for_too_long_writes_no_more(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    with leased(objects, lease_s=0.4) as lease:

        def unreachable(*_: Any) -> None:
            raise StoreError("no answer")

        monkeypatch.setattr(objects, "put", unreachable)
        time.sleep(0.7)
        with pytest.raises(StoreError, match="the hold on the run was lost"):
            lease.demand()


def by_clocks(monkeypatch: pytest.MonkeyPatch, *, boot: bool) -> list[float]:
    """The machine's clocks while it sleeps: one stands still, and there may be one that says it goes on. What they went on."""
    ahead = [0.0]
    clocks = SimpleNamespace(monotonic=lambda: 1.0, time=lambda: time.time() + ahead[0])
    if boot:
        clocks.CLOCK_BOOTTIME = 7
        clocks.clock_gettime = lambda _which: time.monotonic() + ahead[0]
    monkeypatch.setattr(leases, "time", clocks)
    return ahead


@pytest.mark.parametrize("boot", [True, False])
def test_c9_who_slept_longer_than_its_time_writes_no_more_and_never_says_it_holds_again(
    objects: Objects, monkeypatch: pytest.MonkeyPatch, boot: bool
) -> None:
    ahead = by_clocks(monkeypatch, boot=boot)
    with leased(objects, lease_s=1.0) as lease:
        ahead[0] = 30.0
        until = claims(objects)[0]["until"]
        time.sleep(0.6)
        assert claims(objects)[0]["until"] == until
        for slept in (30.0, 0.0):  # also where a clock is set back
            ahead[0] = slept
            with pytest.raises(StoreError, match="the hold on the run was lost"):
                lease.demand()
    assert claims(objects)[0]["owner"] != "free"


def test_c9_who_was_followed_hears_of_it_before_it_writes(objects: Objects) -> None:
    with leased(objects) as lease:
        lease.demand()
        held_by(objects, 2, seconds=30)
        with pytest.raises(StoreError, match="the hold on the run was lost"):
            lease.demand()


def test_c9_who_was_followed_while_it_said_so_again_hears_of_it(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    put, late = objects.put, iter([True])

    def followed(name: str, content: bytes) -> None:
        put(name, content)
        if next(late, False):
            held_by(objects, 2, seconds=30)

    with leased(objects, lease_s=2.0) as lease:
        monkeypatch.setattr(objects, "put", followed)
        assert lease._lost.wait(5)
        objects.remove("lock/000000002")  # it has come, worked, and gone without a trace
        with pytest.raises(StoreError, match="the hold on the run was lost"):
            lease.demand()


def test_of_two_at_the_same_moment_one_is_refused(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other puts its number between our look and our put."""
    put_new = objects.put_new

    def late(name: str, content: bytes) -> bool:
        held_by(objects, 1, seconds=30)
        return put_new(name, content)

    monkeypatch.setattr(objects, "put_new", late)
    with pytest.raises(StoreError, match="process 7 on elsewhere"), leased(objects):
        pass


def test_a_put_whose_answer_was_lost_finds_itself(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    put_new = objects.put_new

    def twice(name: str, content: bytes) -> bool:
        put_new(name, content)
        return put_new(name, content)

    monkeypatch.setattr(objects, "put_new", twice)
    with leased(objects) as lease:
        lease.demand()
        assert objects.names("lock") == ["000000001"]


def test_who_comes_late_with_a_number_that_was_passed_takes_another(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    held_by(objects, 1, seconds=-1)
    put_new, late = objects.put_new, iter([True])

    def passed(name: str, content: bytes) -> bool:
        if next(late, False):
            held_by(objects, 5, seconds=-1)  # somebody came, worked, died, and number 2 was swept by the next
        return put_new(name, content)

    monkeypatch.setattr(objects, "put_new", passed)
    with leased(objects):
        assert objects.names("lock") == ["000000006"]


def test_s6_a_store_without_conditional_puts_is_told(
    objects: Objects, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def always(name: str, content: bytes) -> bool:
        objects.put(name, content)
        return True

    monkeypatch.setattr(objects, "put_new", always)
    with caplog.at_level(logging.WARNING), leased(objects):
        pass
    assert "the store knows no conditional put: let no second sattrack write into this run" in caplog.text
