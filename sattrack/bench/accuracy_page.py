"""Page: one HTML file for a benchmark, which opens offline and shows what was found, missed and made up, and where."""

import base64
import hashlib
import importlib.metadata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sattrack.bench.accuracy_charts import charts_of
from sattrack.bench.accuracy_telling import scope, set_rows, slider_values, sweeps, told
from sattrack.bench.crops import Crop, worst_crops
from sattrack.bench.summaries import Summary
from sattrack.errors import UsageError
from sattrack.results import ModelCard
from sattrack.writing import whole_file

MOST_BYTES = 6_000_000


def write_accuracy_page(
    summaries: Sequence[Summary],
    to: Path,
    *,
    cards: Sequence[ModelCard | None] = (),
    imagery: bool = True,
    most_bytes: int = MOST_BYTES,
) -> Path:
    """Writes the page of one or several detectors over the same pictures; returns its path.

    cards: of each detector's weights, or none. Without `imagery` no pixel is written: the boxes stand on gray. Crops that would
    take the page over most_bytes are left out. Raises UsageError where the detectors saw different pictures, StoreError.
    """
    results = [summary.result for summary in summaries]
    if not results or not results[0].images:
        raise UsageError("there is nothing to show", where=str(to), way_out="score one detector on one picture at least")
    pictures = [[(m.image.dataset, m.image.name) for m in result.images] for result in results]
    if any(one != pictures[0] for one in pictures):
        raise UsageError("the detectors were scored on different pictures", where=str(to), way_out="give all the same sets")
    said = _said(summaries, cards or [None] * len(results))
    bare = len(_render(said, (), imagery=imagery))
    crops = worst_crops(results, imagery=imagery, room=most_bytes - bare - 20_000)
    with whole_file(to) as draft:
        draft.write_bytes(_render(said, crops, imagery=imagery))
    return to


def _render(said: dict[str, Any], crops: Sequence[Crop], *, imagery: bool) -> bytes:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("sattrack.bench"), PackageLoader("sattrack.reports")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    assert environment.loader is not None
    script = environment.loader.get_source(environment, "accuracy.js")[0]
    page = environment.get_template("accuracy.html.j2").render(
        **said,
        crops=crops,
        imagery=imagery,
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    return page.encode("utf-8", "replace")


def _said(summaries: Sequence[Summary], cards: Sequence[ModelCard | None]) -> dict[str, Any]:
    results = [summary.result for summary in summaries]
    title, dek = scope(results[0])
    swept = sweeps(results)
    return {
        "title": title,
        "dek": dek,
        "version": importlib.metadata.version("sattrack"),
        "detectors": told(summaries, cards=cards),
        "rows": set_rows(summaries),
        "values": slider_values(results, swept),
        "charts": charts_of(summaries, swept),
    }
