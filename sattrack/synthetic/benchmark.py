"""The shipped benchmark: which pictures samples/benchmark holds. `sattrack render benchmark -o OUT` draws them again.

Sun, heading, view, haze and carelessness come from each seed; kind of place, pixel size and gray are chosen, so that dense
blocks, sparse quays and places without a box are there at every size.
"""

from sattrack.synthetic.labelled_set import Order
from sattrack.synthetic.seeds import BENCHMARK_SEED

# (kind of place, pixel size in metres, gray); each takes the next seed from BENCHMARK_SEED on.
_PICTURES: tuple[tuple[str, float, bool], ...] = (
    ("rtg", 0.3, False), ("tight", 0.3, False), ("across", 0.3, False), ("quay", 0.3, False), ("rail", 0.3, False),
    ("lookalikes", 0.3, True), ("lookalikes", 0.3, False),
    ("rtg", 0.5, True), ("tight", 0.5, False), ("depot", 0.5, False), ("wheeled", 0.5, False), ("quay", 0.5, False),
    ("rail", 0.5, False), ("berms", 0.5, False), ("lookalikes", 0.5, False),
    ("tight", 0.65, True), ("across", 0.65, False), ("straddle", 0.65, False), ("quay", 0.65, False), ("rail", 0.65, True),
    ("lookalikes", 0.65, False),
    ("rtg", 0.8, False), ("tight", 0.8, False), ("wheeled", 0.8, False), ("depot", 0.8, True), ("quay", 0.8, False),
    ("rail", 0.8, False), ("lookalikes", 0.8, False),
)  # fmt: skip
PIXELS = 256

ORDERS: tuple[Order, ...] = tuple(
    Order(f"{kind}_{gsd_m * 100:.0f}cm{'_pan' if pan else ''}", BENCHMARK_SEED + i, gsd_m, PIXELS, kind, pan)
    for i, (kind, gsd_m, pan) in enumerate(_PICTURES)
)
