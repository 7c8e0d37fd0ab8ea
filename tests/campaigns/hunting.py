"""Hunting: mutants by number through one worker, what became of them counted, the faulty ones kept; and what is said of it."""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.campaigns.workers import SOUND, Bounds, Look, Verdict, Worker

Files = dict[str, bytes]


@dataclass(slots=True)
class Tally:
    """A campaign's figures. faults: (number, verdict)."""

    campaign: str
    seed: int
    kinds: Counter[str] = field(default_factory=Counter)
    families: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, Verdict]] = field(default_factory=list)
    deaths: int = 0
    most_seconds: float = 0.0
    most_megabytes: float = 0.0
    wall_s: float = 0.0
    cpu_s: float = 0.0

    def add(self, number: int, verdict: Verdict) -> None:
        self.kinds[verdict.kind] += 1
        self.families[f"{verdict.family} {verdict.kind}"] += 1
        self.most_seconds = max(self.most_seconds, verdict.seconds)
        self.most_megabytes = max(self.most_megabytes, verdict.megabytes)
        if verdict.kind not in SOUND:
            self.faults.append((number, verdict))

    def line(self) -> str:
        """One line of JSON."""
        figures = {
            "campaign": self.campaign,
            "seed": self.seed,
            "mutants": self.kinds.total(),
            "kinds": dict(sorted(self.kinds.items())),
            "families": dict(sorted(self.families.items())),
            "worker_deaths": self.deaths,
            "most_cpu_s": round(self.most_seconds, 2),
            "most_megabytes": round(self.most_megabytes),
            "wall_s": round(self.wall_s),
            "cpu_s": round(self.cpu_s),
            "faults": [number for number, _ in self.faults],
        }
        return json.dumps(figures)

    def text(self) -> str:
        found = ", ".join(f"{count} {kind}" for kind, count in self.kinds.most_common())
        pace = self.kinds.total() / self.cpu_s if self.cpu_s else 0.0
        lines = [
            f"{self.campaign}: {self.kinds.total()} mutants of seed {self.seed}: {found}",
            f"the most that one took: {self.most_seconds:.2f} s of processor, {self.most_megabytes:.0f} MB; "
            f"{self.deaths} workers lost; {self.cpu_s:.0f} s of processor in all, {pace:.1f} mutants in each",
        ]
        lines += [f"FAULT {number} ({v.family}): {v.kind}: {v.said}" for number, v in self.faults]
        return "\n".join(lines)


def hunt(
    campaign: str, look: Look, about: Any, *, seed: int, numbers: Iterable[int], minutes: float | None = None,
    bounds: Bounds | None = None, keep: Callable[[int, Verdict], None] | None = None,
) -> Tally:  # fmt: skip
    """Puts mutants through one worker until they are done or the minutes are over."""
    tally = Tally(campaign, seed)
    began, spent = time.monotonic(), _cpu_s()
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        worker = Worker(look, about, Path(folder), bounds or Bounds())
        for done, number in enumerate(numbers, 1):
            if minutes is not None and time.monotonic() - began > 60 * minutes:
                break
            verdict = worker.ask(number)
            tally.add(number, verdict)
            if verdict.kind not in SOUND:
                print(f"FAULT {number} ({verdict.family}): {verdict.kind}: {verdict.said}", file=sys.stderr, flush=True)
                if keep is not None:
                    keep(number, verdict)
            if done % 500 == 0:
                print(f"{done} mutants, {len(tally.faults)} faults", file=sys.stderr, flush=True)
        worker.close()
        tally.deaths = worker.deaths
    tally.wall_s, tally.cpu_s = time.monotonic() - began, _cpu_s() - spent
    return tally


def keep_files(folder: Path, number: int, files: Files, verdict: Verdict) -> None:
    """A faulty mutant as files, with what was wrong with it."""
    place = folder / str(number)
    for name, content in files.items():
        to = place / name
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(content)
    (place / "FAULT.txt").write_text(f"{verdict.kind} ({verdict.family}): {verdict.said}\n{verdict.trace}\n")


def asked(campaign: str, *, count: int) -> argparse.Namespace:
    """The command line of a campaign of mutants."""
    words = argparse.ArgumentParser(prog=f"python -m tests.campaigns.{campaign}")
    words.add_argument("--count", type=int, default=count, help="mutants")
    words.add_argument("--seed", type=int, default=1, help="the same seed makes the same mutants")
    words.add_argument("--minutes", type=float, default=None, help="stop after so many minutes of wall time")
    words.add_argument("--only", type=int, nargs="*", default=None, help="numbers of single mutants")
    words.add_argument(
        "--keep", type=Path, default=Path(tempfile.gettempdir()) / f"campaign-{campaign}", help="for faulty mutants"
    )
    return words.parse_args()


def tell(tally: Tally) -> int:
    """Prints the figures, text then one line of JSON; the exit code is 1 where a fault was found."""
    print(tally.text())
    print(tally.line())
    return 1 if tally.faults else 0


def _cpu_s() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
