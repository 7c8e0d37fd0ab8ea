"""Scaling: many scenes by a Ray cluster into an object store while workers die and freeze; the same bytes as in a folder.

`python -m tests.campaigns.scaling --scenes 200 --kills 5`; with `--measure`, what each way of doing it costs a scene.
"""

import argparse
import contextlib
import hashlib
import json
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import rasterio
from rasterio.windows import Window

from sattrack import face
from sattrack.cli.app import main
from tests.campaigns.actors import keepers, workers
from tests.campaigns.killing import contents
from tests.campaigns.quick import write_scenes, write_sites

_SAMPLES = Path(__file__).parents[2] / "samples"
_KEYS = {
    "AWS_ACCESS_KEY_ID": "an id", "AWS_SECRET_ACCESS_KEY": "a key", "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}  # fmt: skip


class Counted:
    """A WSGI application that counts what it is asked, by method and kind of object."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.asked: Counter[str] = Counter()

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        kind = "list" if "list-type" in query else path.rpartition("/")[2] if "parts/" not in path else "part"
        self.asked[f"{environ['REQUEST_METHOD']} {'lock' if '/lock/' in path else kind}"] += 1
        return self._app(environ, start)


@contextmanager
def served() -> Iterator[tuple[str, Counted]]:
    """The endpoint of a server that speaks S3, with one bucket."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    os.environ |= _KEYS
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    asked = Counted(server._server.app)
    server._server.app = asked
    boto3.client("s3", endpoint_url=f"http://{host}:{port}").create_bucket(Bucket="campaign")
    asked.asked.clear()
    try:
        yield f"http://{host}:{port}", asked
    finally:
        server.stop()


def write_samples(folder: Path, count: int) -> None:
    """Small tiles of the rendered samples, no two alike."""
    sources = sorted(_SAMPLES.glob("*/images/*.tif"))
    folder.mkdir(parents=True)
    for number in range(count):
        source, round_ = sources[number % len(sources)], number // len(sources)
        with rasterio.open(source) as file:
            size = min(256, file.width, file.height)
            at = Window(min(16 * round_, file.width - size), min(8 * round_, file.height - size), size, size)
            tags, place = file.tags(), file.window_transform(at)
            profile = {"driver": "GTiff", "width": size, "height": size, "count": file.count, "dtype": file.dtypes[0]}
            with rasterio.open(folder / f"{source.stem}_{round_}.tif", "w", crs=file.crs, transform=place, **profile) as to:
                to.write(file.read(window=at))
                to.update_tags(**tags)


class Striker(threading.Thread):
    """Kills a worker, kills an actor or freezes an actor, in turn, at random moments until it has done so often."""

    def __init__(self, strikes: int, *, seed: int, every_s: float) -> None:
        super().__init__(daemon=True)
        self._left, self._pick, self._every_s = strikes, random.Random(seed), every_s
        self.over = threading.Event()
        self.struck: list[str] = []

    def run(self) -> None:
        ways = [("worker killed", workers, signal.SIGKILL), ("actor killed", keepers, signal.SIGKILL),
                ("actor frozen", keepers, signal.SIGSTOP)]  # fmt: skip
        while self._left and not self.over.wait(self._pick.uniform(0.5, 1.5) * self._every_s):
            said, found, number = ways[len(self.struck) % len(ways)]
            alive = found()
            if not alive or not workers():
                continue
            try:
                os.kill(self._pick.choice(alive), number)
            except ProcessLookupError:
                continue
            self.struck.append(said)
            self._left -= 1


def campaign(folder: Path, words: argparse.Namespace) -> dict[str, Any]:
    _write(folder, words)
    common = ["detect", str(folder / "in"), "--no-report", "-q", *_model(words, folder)]
    began = time.monotonic()
    assert main([*common, "-o", str(folder / "here")]) == 0
    here_s = time.monotonic() - began
    striker = Striker(words.kills, seed=words.seed, every_s=words.every)
    with served() as (endpoint, asked):
        place = ["-o", "s3://campaign/run", "--store-endpoint", endpoint]
        striker.start()
        began = time.monotonic()
        code = main([*common, *place, "--executor", "ray", "--workers", str(words.workers)])
        ray_s = time.monotonic() - began
        striker.over.set()
        requests = dict(sorted(asked.asked.items()))
        face.pull("s3://campaign/run", to=folder / "pulled", store_endpoint=endpoint)
    whole, found = contents(folder / "here"), contents(folder / "pulled")
    for head in ("run.json",):  # settings name the executor
        assert whole.pop(head) != found.pop(head)
    parts = sorted((folder / "here" / "parts").iterdir())
    tables = [folder / "here" / name for name in ("counts.csv", "scenes.csv", "sites.json")]
    faults = [f"exit code {code}"] if code else []
    faults += [f"{name} has other bytes" for name in whole.keys() | found.keys() if whole.get(name) != found.get(name)]
    return {
        "campaign": "scaling", "scenes": words.scenes, "workers": words.workers, "seed": words.seed,
        "struck": dict(Counter(striker.struck)), "thread_folder_s": round(here_s, 1), "ray_s3_s": round(ray_s, 1),
        "files_compared": len(whole), "bytes_compared": sum(path.stat().st_size for path in [*parts, *tables]),
        "bytes_a_part": round(sum(path.stat().st_size for path in parts) / len(parts)),
        "run_json_bytes_a_scene": round((folder / "here" / "run.json").stat().st_size / words.scenes),
        "requests": requests, "digest": hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest(),
        "faults": faults,
    }  # fmt: skip


def measured(folder: Path, words: argparse.Namespace) -> dict[str, Any]:
    """Seconds a scene beyond the first, wall and processor of all processes, of each way: the slope between two runs."""
    few, many = max(2, words.scenes // 10), words.scenes
    found: dict[str, Any] = {"campaign": "scaling --measure", "scenes": many, "workers": words.workers, "ways": {}}
    for executor in ("thread", "process", "ray"):
        for kept in ("folder", "s3"):
            took = {}
            for count in (few, many):
                inside = folder / f"in{count}"
                if not inside.exists():
                    write_scenes(inside, count)
                took[count] = _timed(inside, folder / f"{executor}{kept}{count}", executor, kept, words.workers)
            (w0, c0), (w1, c1) = took[few], took[many]
            found["ways"][f"{executor}, {kept}"] = {
                "wall_s": round(w1, 2), "start_s": round(w0 - few * (w1 - w0) / (many - few), 2),
                "wall_ms_a_scene": round(1000 * (w1 - w0) / (many - few), 1),
                "cpu_ms_a_scene": round(1000 * (c1 - c0) / (many - few), 1),
            }  # fmt: skip
            print(executor, kept, found["ways"][f"{executor}, {kept}"], file=sys.stderr, flush=True)
    return found


def _timed(inside: Path, out: Path, executor: str, kept: str, count: int) -> tuple[float, float]:
    """Wall and processor seconds of one run in a process of its own, the server's not among them."""
    words = ["detect", str(inside), "--no-report", "-q", "--detector", "tests.campaigns.quick:Bright", "--executor", executor]
    words += ["--workers", str(count)] if executor != "thread" else []
    with served() as (endpoint, _):
        words += ["-o", f"s3://campaign/{out.name}", "--store-endpoint", endpoint] if kept == "s3" else ["-o", str(out)]
        began = time.monotonic()
        process = subprocess.Popen([sys.executable, "-m", "sattrack", *words])
        used = _watched(process)
        wall, code = time.monotonic() - began, process.wait()
    assert code == 0, code
    return wall, used


def _watched(process: subprocess.Popen[bytes]) -> float:
    """Seconds of processor of a process and of all below it until it ends, to a tenth of a second of each."""
    spent: dict[int, float] = {}
    while process.poll() is None:
        for one in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                times = one.cpu_times()
                spent[one.pid] = times.user + times.system
        time.sleep(0.1)
    return sum(spent.values())


def _write(folder: Path, words: argparse.Namespace) -> None:
    if words.network:
        write_samples(folder / "in", words.scenes)
    else:
        write_scenes(folder / "in", words.scenes)
        write_sites(folder / "sites.geojson")


def _model(words: argparse.Namespace, folder: Path) -> list[str]:
    if words.network:
        return ["--sites", str(_SAMPLES / "sites.geojson")]
    return ["--sites", str(folder / "sites.geojson"), "--detector", "tests.campaigns.quick:Bright"]


def _words() -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="python -m tests.campaigns.scaling")
    words.add_argument("--scenes", type=int, default=200)
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--kills", type=int, default=5, help="so many workers and actors are killed or frozen on the way")
    words.add_argument("--every", type=float, default=4.0, help="seconds between two of them, about")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--network", action="store_true", help="tiles of the samples, by the shipped weights")
    words.add_argument("--measure", action="store_true", help="what each executor and store costs a scene; nothing is killed")
    return words.parse_args()


def run() -> int:
    words = _words()
    with tempfile.TemporaryDirectory(prefix="campaign-scaling-") as folder:
        figures = (measured if words.measure else campaign)(Path(folder), words)
    for fault in figures.get("faults", []):
        print(f"FAULT {fault}", file=sys.stderr)
    print(json.dumps(figures))
    return 1 if figures.get("faults") else 0


if __name__ == "__main__":
    sys.exit(run())
