"""The Chromium of this machine, for tests in a real browser."""

import os
import shutil

__all__ = ["ARGUMENTS", "CHROMIUM"]

CHROMIUM = os.environ.get("MODELWIRE_TEST_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
"""Its path, or `None`; `MODELWIRE_TEST_CHROMIUM` names another one."""

ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage")
"""What it takes to run in a container."""
