"""Every number that a user may turn: once, with its default, unit and bounds. Unknown keys are errors."""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator


class Settings(BaseModel):
    """A run's settings, frozen. `digest_fields` names those that change what is detected, and so the store's key."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    threshold: float | None = Field(
        default=None, gt=0, lt=1, description="Score from which a box is counted; none: the model card's."
    )
    score_floor: float = Field(default=0.05, gt=0, lt=1, description="Boxes below this score are not even stored.")
    longest_object_m: float = Field(default=16.0, gt=1, le=100, description="Longest object to be found, metres.")
    margin_m: float = Field(default=2.0, ge=0, le=50, description="Room left around the longest object at a seam, metres.")
    overlap_m: float = Field(default=24.0, gt=0, le=500, description="Overlap of neighbouring windows, metres.")
    merge_overlap: float = Field(
        default=0.4,
        gt=0,
        lt=1,
        description="Oriented overlap (intersection over the smaller box) from which two boxes are one.",
    )
    low_percentile: float | None = Field(
        default=None, ge=0, lt=50, description="Percentile of each channel that becomes 0; none: the model card's."
    )
    high_percentile: float | None = Field(
        default=None, gt=50, le=100, description="Percentile of each channel that becomes 255; none: the model card's."
    )
    edge_nodata: bool = Field(
        default=True, description="Constant areas joined to the border, without declared nodata, are not seen."
    )
    cloud_test: bool = Field(
        default=True,
        description="Judge from a colour picture that came without a mask which ground thick cloud hides: that was not seen.",
    )
    tile_cap: int = Field(
        default=3000, ge=300, le=100_000, description="Most boxes that one tile may return; reaching it is reported."
    )
    careful: bool = Field(
        default=False,
        description="Look at each tile also mirrored and turned half round, and take the mean: 2.8 times as long. On "
        "places not seen: average precision 0.969 instead of 0.966, four in ten false boxes fewer, counts as far off.",
    )
    batch: int = Field(default=4, ge=1, le=256, description="Tiles that meet the detector together.")
    read_ahead: int = Field(default=2, ge=1, le=64, description="Batches read ahead of the detector.")
    device: str = Field(default="auto", description="auto, cpu, mps, cuda or cuda:N.")
    tile_shift_m: tuple[float, float] = Field(default=(0.0, 0.0), description="Shift of the tile grid, metres (x, y).")
    min_observed: float = Field(default=0.5, ge=0, le=1, description="Least observed fraction of a site for a count to stand.")
    alarm_level: float = Field(
        default=0.001, ge=1e-6, le=0.1, description="Chance of so rare a count, one-sided, from which a scene is an alert."
    )
    warning_level: float = Field(
        default=0.01, ge=1e-6, le=0.5, description="Chance of so rare a count, one-sided, from which a scene is a warning."
    )
    false_discovery: float = Field(
        default=0.05, gt=0, le=1, description="Share of false ones to be borne among the alerts of a month, over all sites."
    )
    least_change: float = Field(default=5.0, ge=0, le=1e6, description="Boxes that a change must have at least to be an alert.")
    guard_days: float = Field(
        default=5.0, ge=0, le=365, description="Past scenes of the last days before a scene are no baseline of it, days."
    )
    baseline_days: float = Field(default=1095.0, ge=1, le=36_500, description="Older past scenes are no baseline, days.")
    usual_spread: float = Field(
        default=0.15, ge=0, le=4,
        description="Relative variance of a quiet site's counts, beyond chance, until its own history says otherwise.",
    )  # fmt: skip
    on_bad_tile: Literal["fail", "mask"] = Field(
        default="fail",
        description="What a block of a GeoTIFF that cannot be read does: fail its scene, or mask, so that it was not seen.",
    )
    scene_seconds: float = Field(
        default=21_600.0,
        gt=0,
        le=1e7,
        description="Longest that one scene may take, seconds; then it fails and the next begins.",
    )
    workers: int = Field(
        default=1, ge=1, le=1024, description="Scenes that are looked at at once, each in a process of its own where over one."
    )
    executor: Literal["auto", "thread", "process", "ray"] = Field(
        default="auto",
        description="Where scenes are looked at: thread, in this process, one by one; process, in workers, so that one which "
        "kills, hangs or swells its worker fails alone; ray, in such workers on the machines of a Ray cluster; auto, in "
        "processes where there are several workers.",
    )
    worker_bytes: int = Field(default=4 << 30, ge=1 << 28, description="Most memory that a worker may take, bytes.")
    worker_scenes: int = Field(default=500, ge=1, description="Scenes after which a worker is made anew.")
    max_pixels: int = Field(default=4_000_000_000, ge=1, description="Largest scene, pixels.")
    max_block_bytes: int = Field(default=256 << 20, ge=1 << 16, description="Largest block of a file, bytes.")
    max_bands: int = Field(default=32, ge=1, le=1024, description="Most bands of a file.")
    gdal_cache_bytes: int = Field(default=32 << 20, ge=1 << 20, description="Block cache of the reader, bytes.")
    remote_timeout_s: float = Field(
        default=30.0, ge=0.05, le=3600, description="Longest that a server may be silent, or that connecting may take, seconds."
    )
    remote_tries: int = Field(default=8, ge=1, le=20, description="Tries for a part of a remote file that bring nothing.")
    remote_backoff_s: float = Field(
        default=0.5, ge=0, le=600, description="Wait after the first such try, seconds; doubled after each, and spread."
    )
    remote_wait_s: float = Field(
        default=30.0, ge=0, le=3600, description="Longest wait between two tries, also where a server asks for more, seconds."
    )
    remote_whole_bytes: int = Field(
        default=256 << 20, ge=0,
        description="Largest remote file that is fetched whole where its server sends no parts of it, bytes.",
    )  # fmt: skip
    remote_cache_bytes: int = Field(
        default=64 << 20, ge=1 << 20, description="Parts of remote files that are kept in memory, bytes."
    )
    catalogue_items: int = Field(default=10_000, ge=1, le=1_000_000, description="Most items of a catalogue or an item file.")
    catalogue_bytes: int = Field(
        default=64 << 20, ge=1 << 16, description="Largest document of a catalogue, and largest item file, bytes."
    )
    catalogue_requests: int = Field(
        default=2_000, ge=1, le=1_000_000, description="Most documents that one search asks a catalogue for."
    )
    catalogue_total_bytes: int = Field(
        default=1 << 30, ge=1 << 16, description="Most bytes of documents that one search takes from a catalogue."
    )
    download_bytes: int = Field(default=20 << 30, ge=0, description="Most bytes that one `fetch --download` fetches.")
    # Never written, and never taken from a file: a run that came from elsewhere must not open this machine's own network.
    _allow_hosts: tuple[str, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _law_of_overlap(self) -> "Settings":
        least = self.longest_object_m + 2 * self.margin_m
        if self.overlap_m < least:
            raise ValueError(
                f"overlap_m is {self.overlap_m:g}, but the law of overlap asks for at least longest_object_m + 2 x margin_m "
                f"= {least:g}"
            )
        if self.threshold is not None and self.threshold < self.score_floor:
            raise ValueError(
                f"threshold is {self.threshold:g}, but boxes below score_floor = {self.score_floor:g} are not stored"
            )
        if self.workers > 1 and self.executor == "thread":
            raise ValueError(f"workers is {self.workers}, but executor thread looks at one scene at a time")
        return self

    @property
    def allow_hosts(self) -> tuple[str, ...]:
        """Hosts, as HOST or HOST:PORT, that may be asked though they are in a private network, or by plain http."""
        return self._allow_hosts

    def allowing(self, hosts: Iterable[str]) -> "Settings":
        """The same settings, under which these hosts may be asked."""
        copied = self.model_copy()
        copied._allow_hosts = tuple(sorted(host.casefold() for host in hosts))
        return copied

    @property
    def isolated(self) -> bool:
        """Whether scenes are looked at in worker processes."""
        return self.executor in ("process", "ray") or (self.executor == "auto" and self.workers > 1)

    def percentiles(self, of_card: tuple[float, float]) -> tuple[float, float]:
        """The percentiles that become 0 and 255: each the user's where set, else the one that the weights were trained with."""
        low, high = self.low_percentile, self.high_percentile
        return (of_card[0] if low is None else low, of_card[1] if high is None else high)

    def digest_fields(self, percentiles: tuple[float, float]) -> dict[str, object]:
        """What changes the boxes that are stored. Threshold, counting rules, batch and read-ahead do not.

        percentiles: those that hold, whoever said them, since the same stretch is the same work.
        """
        names = (
            "score_floor", "longest_object_m", "margin_m", "overlap_m", "merge_overlap", "edge_nodata", "tile_cap",
            "tile_shift_m", "careful", "cloud_test",
        )  # fmt: skip
        said = {name: getattr(self, name) for name in names} | dict(
            zip(("low_percentile", "high_percentile"), percentiles, strict=True)
        )
        # Whole files have the same boxes either way: only what may hide damage is work of another kind.
        return said if self.on_bad_tile == "fail" else said | {"on_bad_tile": self.on_bad_tile}
