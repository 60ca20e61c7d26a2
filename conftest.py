"""What holds for the tests of every package; the parts are in `tests/support`."""

import os
import signal
import threading

from hypothesis import settings

# A slow machine is no reason to fail.
settings.register_profile("modelwire", deadline=None)
settings.load_profile("modelwire")

pytest_plugins = [
    "extensive_tests",
    "fewer_reports",
    "frozen_tests",
    "long_files_first",
    "long_runs",
    "loop_watch",
]

# A configuration that others can write to is never trusted, whatever the developer's own umask is.
os.umask(0o022)

if threading.current_thread() is threading.main_thread():
    # Who runs the tests in the background may have them ignore Ctrl-C, and so the programs they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
