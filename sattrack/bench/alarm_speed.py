"""Speed of the alarm: the newest scene of many sites with long histories, from a CSV file to alerts."""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sattrack.assessing import open_series
from sattrack.settings import Settings
from sattrack.steps.alarming import assess, rules_of


@dataclass(frozen=True, slots=True)
class AlarmSpeed:
    """read_s: from the CSV to series. assess_s: from series to alerts. cpu_s: of both together, all threads; where other work
    shares the processors it tells more. peak_bytes: of this process, all in all.
    """

    sites: int
    past: int
    read_s: float
    assess_s: float
    cpu_s: float
    alerts: int
    peak_bytes: int


def bench_alarm_speed(*, sites: int, past: int, heard: Callable[[str], None] = lambda _line: None) -> AlarmSpeed:
    """Writes so many sites with so many past scenes and a newest one to a file, and judges the newest of each."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.csv"
        _write(path, sites=sites, past=past)
        heard(f"{sites * (past + 1):,} counts written")
        settings = Settings()
        start, busy = time.perf_counter(), time.process_time()
        found = open_series(path, settings=settings)
        read = time.perf_counter()
        alerts = assess(found.series, rules=rules_of(settings), newest=True)
        end, busy = time.perf_counter(), time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    raised = sum(one.level == "alert" for one in alerts)
    return AlarmSpeed(sites, past, read - start, end - read, busy, raised, peak if sys.platform == "darwin" else peak * 1024)


def _write(path: Path, *, sites: int, past: int) -> None:
    rng = np.random.default_rng(1)
    days = np.datetime64("2020-01-01") + 5 * np.arange(past + 1)
    with path.open("w", encoding="utf-8") as file:
        file.write("site_id,datetime,count,observed_fraction,sensor\n")
        for site in range(sites):
            counts = rng.poisson(60 * np.exp(0.35 * rng.standard_normal(past + 1)))
            seen = np.where(rng.random(past + 1) < 0.3, rng.uniform(0.5, 0.95, past + 1), 1.0)
            file.writelines(f"site-{site},{d},{c},{s:.2f},WV-2\n" for d, c, s in zip(days, counts, seen, strict=True))
