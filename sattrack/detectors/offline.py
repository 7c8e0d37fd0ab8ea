"""Keeping the network library at home: no calls, no installs, and no settings written into the user's folders."""

import atexit
import os
import shutil
import tempfile


def keep_at_home() -> None:
    """Sets what ultralytics reads from the environment while it is imported; what the user has set stands."""
    for name, value in (("YOLO_OFFLINE", "true"), ("YOLO_AUTOINSTALL", "false"), ("YOLO_VERBOSE", "false")):
        os.environ.setdefault(name, value)
    if "YOLO_CONFIG_DIR" not in os.environ:
        # Its import writes a settings file, with a random identity, beside the user's own settings.
        folder = tempfile.mkdtemp(prefix="sattrack-yolo-")
        os.environ["YOLO_CONFIG_DIR"] = folder
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
