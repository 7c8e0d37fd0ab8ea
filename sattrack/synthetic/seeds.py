"""Which seeds are for what: what a detector is judged or shown on is never what it was trained on."""

# Training draws seeds below this one; samples and benchmarks only draw seeds from it on.
FIRST_KEPT_SEED = 9_000_000
# 8-bit exports are calibrated on these: what may shape a network is never what it is judged on.
CALIBRATION_SEED = 8_900_000
# The shipped benchmark: one seed for each picture from here on.
BENCHMARK_SEED = 9_000_000
# Sets that are drawn to measure something, unless other seeds are asked for.
SETS_SEED = 9_100_000
# The shipped samples: one seed for each scene from here on, a site's ground and fixtures with the first of its hundred, and
# what stands there from day to day with the last; a change of the calendar takes the site's first seed and its own number.
SAMPLES_SEED = 900_000_000
