"""The tree of errors: each says what was expected, what came, where, and the way out."""


class SattrackError(Exception):
    """An error that a user can mend: a sentence on what went wrong, and the way out.

    `retry` is true where the same call may pass later (a full disk, a busy server); false where it is final for that input.
    """

    retry = False

    def __init__(self, message: str, *, where: str = "", way_out: str = "") -> None:
        self.message = message
        self.where = where
        self.way_out = way_out
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head} ({self.way_out})" if self.way_out else head

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only fields do not survive the default pickling, and workers send errors home.
        return (_rebuild, (type(self), self.message, self.where, self.way_out))


def _rebuild(kind: type["SattrackError"], message: str, where: str, way_out: str) -> "SattrackError":
    return kind(message, where=where, way_out=way_out)


class UsageError(SattrackError, ValueError):
    """The command or call asks for something that cannot be: exit code 2."""


class SettingsError(UsageError):
    """A setting is unknown, of the wrong type, or out of bounds."""


class SceneError(SattrackError, OSError):
    """A scene's file cannot be read, or not wholly: the scene is failed, the others go on."""


class RemoteError(SceneError):
    """A remote file cannot be had, and asking again would not help: the scene is failed."""


class RemoteBusy(RemoteError):
    """A remote file cannot be had now (a busy server, a lost connection, an address that expired, a file that changed)."""

    retry = True


class SceneRefused(SattrackError, ValueError):
    """A scene can be read, but must not be counted (no pixel size, too coarse, unknown bands): status refused."""


class OutlineError(SattrackError, ValueError):
    """A file of site outlines cannot be understood."""


class ManifestError(SattrackError, ValueError):
    """A CSV manifest or a sidecar cannot be understood."""


class CatalogueError(SattrackError, ValueError):
    """A STAC catalogue, or a file of STAC items, cannot be understood or searched."""


class WeightsError(SattrackError, ValueError):
    """Weights are missing, damaged, untrusted, or do not do the task."""


class DetectorError(SattrackError, RuntimeError):
    """A detector broke its contract or its device failed while it worked."""


class StoreError(SattrackError, OSError):
    """A run folder cannot be read or written."""

    retry = True
