"""Kills: at random moments, at every write call, and by power loss; always the same bytes in the end.

`python -m tests.campaigns.kills --kills 200`
"""

import argparse
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.campaigns.killing import (
    KILLED,
    Job,
    asked_of_child,
    contents,
    detected,
    ended,
    in_child,
    killed_after,
    main,
    wrong_in_the_end,
    wrong_now,
)
from tests.campaigns.power import lay, states
from tests.campaigns.quick import write_scenes, write_sites
from tests.campaigns.write_calls import Call, on_write_calls

# A run folder is killed so often at the most before it is finished and compared.
_IN_A_ROW = 3


class Campaign:
    """One job, its undisturbed result, and the faults that were found. All work is done in children."""

    def __init__(self, folder: Path, *, scenes: int) -> None:
        self._job, self._folder, self._number = Job(folder), folder, 0
        self.faults: list[str] = []
        self.figures: dict[str, int | float] = {}
        ended(in_child(lambda: _write(folder, scenes)))
        whole = folder / "whole"
        began = time.monotonic()
        assert detected(self._job, whole) == 0
        self.seconds = time.monotonic() - began
        self._whole: dict[str, str] = asked_of_child(lambda: contents(whole), folder / "said")

    def at_random(self, kills: int, *, seed: int, minutes: float | None = None) -> None:
        """SIGKILL at a moment of the call, once to three times in a row, then the same call to its end."""
        pick, done, early, began = random.Random(seed), 0, 0, time.monotonic()
        while done < kills and (minutes is None or time.monotonic() - began < 60 * minutes):
            out = self._fresh()
            for _ in range(min(pick.randint(1, _IN_A_ROW), kills - done)):
                code = killed_after(self._job, out, pick.uniform(0, 1.1 * self.seconds))
                done += 1
                early += code == 0
                self._ask(f"kill {done}", lambda out=out: wrong_now(out, self._whole))
            self._ask(f"the call after kill {done}", lambda out=out: wrong_in_the_end(self._job, out, self._whole))
            shutil.rmtree(out, ignore_errors=True)
        self.figures |= {"kills": done, "kills_after_the_end": early}

    def at_write_calls(self, *, every: int = 1) -> None:
        """The process ends before its k-th write call; at a sync also with the file torn in half."""
        total = len(self._recorded(self._fresh()))
        tried = 0
        for number in range(0, total, every):
            for torn in (False, True):
                out = self._fresh()
                code = ended(in_child(lambda out=out, number=number, torn=torn: self._dies_at(out, number, torn=torn)))
                if torn and code != KILLED:  # no sync stood there
                    shutil.rmtree(out, ignore_errors=True)
                    continue
                tried += 1
                self._ask(f"write call {number}", lambda out=out: self._wrong(out))
                shutil.rmtree(out, ignore_errors=True)
        self.figures |= {"write_calls": total, "ended_at_write_calls": tried}

    def by_power_loss(self, *, every: int = 1) -> None:
        """Every legal state of the disk after each write call of an undisturbed run."""
        source = self._fresh()
        calls = self._recorded(source)
        tried = 0
        for number, files in enumerate(states(calls, source)):
            if number % every:
                continue
            out = self._fresh()
            lay(files, source=source, to=out)
            tried += 1
            self._ask(f"power loss {number}", lambda out=out: self._wrong(out))
            shutil.rmtree(out, ignore_errors=True)
        self.figures |= {"power_losses": tried}

    def _wrong(self, out: Path) -> list[str]:
        now = wrong_now(out, self._whole)
        return now + [f"later, {one}" for one in wrong_in_the_end(self._job, out, self._whole, exports=False)]

    def _fresh(self) -> Path:
        self._number += 1
        return self._folder / f"run{self._number}"

    def _ask(self, what: str, check: Callable[[], list[str]]) -> None:
        try:
            found = asked_of_child(check, self._folder / "said")
        except RuntimeError as error:
            found = [str(error)]
        for one in found:
            self.faults.append(f"{what}: {one}")
            print(f"FAULT {self.faults[-1]}", file=sys.stderr, flush=True)

    def _recorded(self, out: Path) -> list[Call]:
        def work() -> list[Call]:
            calls: list[Call] = []
            on_write_calls(out, calls.append)
            assert main(self._job.words(out)) == 0
            return calls

        found: list[Call] = asked_of_child(work, self._folder / "said")
        return found

    def _dies_at(self, out: Path, number: int, *, torn: bool) -> int:
        left = iter(range(number))

        def told(call: Call) -> None:
            if next(left, None) is not None:
                return
            if torn and call.kind == "sync" and call.content:
                os.truncate(call.path, len(call.content) // 2)
            os._exit(KILLED if not torn or (call.kind == "sync" and call.content) else 0)

        on_write_calls(out, told)
        return main(self._job.words(out))


def _write(folder: Path, scenes: int) -> None:
    write_scenes(folder / "in", scenes)
    write_sites(folder / "sites.geojson")


def _words() -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="python -m tests.campaigns.kills")
    words.add_argument("--kills", type=int, default=200, help="kills at random moments")
    words.add_argument("--scenes", type=int, default=6)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--minutes", type=float, default=None, help="no random kill after so many minutes of these")
    words.add_argument("--every", type=int, default=1, help="only each so many-th write call and power loss; 0: none")
    return words.parse_args()


def _steps(campaign: Campaign, words: argparse.Namespace) -> Iterator[Callable[[], None]]:
    if words.every:
        yield lambda: campaign.at_write_calls(every=words.every)
        yield lambda: campaign.by_power_loss(every=words.every)
    yield lambda: campaign.at_random(words.kills, seed=words.seed, minutes=words.minutes)


def run() -> int:
    words = _words()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="campaign-kills-") as folder:
        campaign = Campaign(Path(folder), scenes=words.scenes)
        for step in _steps(campaign, words):
            step()
            print(campaign.figures, file=sys.stderr, flush=True)
    used = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    figures = {"campaign": "kills", "seed": words.seed, "scenes": words.scenes, **campaign.figures, "faults": campaign.faults,
               "wall_s": round(time.monotonic() - began), "cpu_s": round(used)}  # fmt: skip
    said = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in campaign.figures.items())
    print(f"kills: {said}; {len(campaign.faults)} faults", *campaign.faults, sep="\n")
    print(json.dumps(figures))
    return 1 if campaign.faults else 0


if __name__ == "__main__":
    sys.exit(run())
