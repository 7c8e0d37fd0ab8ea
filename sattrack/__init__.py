"""Counts shipping containers in satellite images of ports, depots and rail yards, and says what could not be seen.

import sattrack as st
run = st.detect("folder", sites="sites.geojson", out="run")
run.counts
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sattrack.errors import (
        CatalogueError,
        DetectorError,
        ManifestError,
        OutlineError,
        SattrackError,
        SceneError,
        SceneRefused,
        SettingsError,
        StoreError,
        UsageError,
        WeightsError,
    )
    from sattrack.face import count, detect, export, fetch, info, pull, report

# Imported when first asked for: `import sattrack` loads neither torch nor GDAL.
_FACE = ("count", "detect", "export", "fetch", "info", "pull", "report")
_ERRORS = (
    "CatalogueError", "DetectorError", "ManifestError", "OutlineError", "SattrackError", "SceneError", "SceneRefused",
    "SettingsError", "StoreError", "UsageError", "WeightsError",
)  # fmt: skip
_WHERE = dict.fromkeys(_FACE, "sattrack.face") | dict.fromkeys(_ERRORS, "sattrack.errors")

__all__ = [
    "CatalogueError",
    "DetectorError",
    "ManifestError",
    "OutlineError",
    "SattrackError",
    "SceneError",
    "SceneRefused",
    "SettingsError",
    "StoreError",
    "UsageError",
    "WeightsError",
    "__version__",
    "count",
    "detect",
    "export",
    "fetch",
    "info",
    "pull",
    "report",
]


def __getattr__(name: str) -> Any:
    import importlib

    if name == "__version__":
        import importlib.metadata

        return importlib.metadata.version("sattrack")
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'sattrack' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
