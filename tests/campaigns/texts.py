"""Mutated texts: settings, outlines, manifests, labels, run folders. `python -m tests.campaigns.texts --count 2000`."""

import random
import shutil
import sys
import tempfile
import traceback
from functools import partial
from pathlib import Path

from sattrack.errors import SattrackError
from tests.campaigns.hunting import Files, Tally, asked, hunt, keep_files, tell
from tests.campaigns.mutations import mutated
from tests.campaigns.text_seeds import TextSeed, text_seeds
from tests.campaigns.workers import Bounds, Verdict

About = tuple[int, tuple[TextSeed, ...]]


def mutant(about: About, number: int) -> tuple[TextSeed, str, Files]:
    """A seed, which of its files was changed, and the files; a negative number is a seed as it is."""
    seed, seeds = about
    if number < 0:
        one = seeds[(-1 - number) % len(seeds)]
        return one, one.mutated[0], one.files
    pick = random.Random(f"{seed}-{number}")
    one = seeds[number % len(seeds)]
    chosen = pick.choice(one.mutated)
    others = [other.files[name] for other in seeds for name in other.mutated]
    made = mutated(pick, one.files[chosen], others=others, text=not one.binary)
    return one, chosen, {**one.files, chosen: made}


def look(about: About, number: int, folder: Path) -> Verdict:
    """A mutant, written and read: refused by an error that names the changed file, or taken."""
    seed, changed, files = mutant(about, number)
    place = folder / "mutant"
    shutil.rmtree(place, ignore_errors=True)
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    try:
        found = repr(seed.read(place))
    except SattrackError as error:
        # A labelled set and a run are folders: their name is enough where what is wrong lies between their files.
        named = Path(changed).name in str(error) or (seed.a_folder and str(place) in str(error))
        return Verdict("refused" if named else "unnamed", str(error)[:300], seed.family)
    except Exception as error:  # the fault that is looked for
        return Verdict(type(error).__name__, str(error)[:300], seed.family, trace=traceback.format_exc())
    return Verdict("read", found[:200], seed.family)


def campaign(
    *, count: int, seed: int, minutes: float | None = None, only: list[int] | None = None, keep: Path | None = None
) -> Tally:
    """Mutants 0 to count, or only some."""
    with tempfile.TemporaryDirectory(prefix="campaign-seeds-") as folder:
        about = (seed, text_seeds(Path(folder)))
        keeper = partial(_keep, keep, about) if keep else None
        return hunt(
            "texts", look, about, seed=seed, numbers=only or range(count), minutes=minutes, bounds=Bounds(), keep=keeper
        )


def _keep(folder: Path, about: About, number: int, verdict: Verdict) -> None:
    _, changed, files = mutant(about, number)
    keep_files(folder, number, {changed: files[changed]}, verdict)


if __name__ == "__main__":
    words = asked("texts", count=2_000)
    sys.exit(tell(campaign(count=words.count, seed=words.seed, minutes=words.minutes, only=words.only, keep=words.keep)))
