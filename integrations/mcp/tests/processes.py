"""Processes of servers: how one is started, and whether it has ended."""

import os
import sys
import time
from pathlib import Path

EVERYTHING = [sys.executable, str(Path(__file__).with_name("everything_server.py"))]
FLOODING = str(Path(__file__).with_name("flooding_server.py"))
DEAF = str(Path(__file__).with_name("deaf_server.py"))


def running_with(argument):
    """The processes that have an argument, on systems with `/proc`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended meanwhile
        if argument.encode() in words:
            found.append(int(path.parent.name))
    return found


def runs(pid):
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc/self/stat").exists()
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(*pids):
    """Wait for processes to end."""
    for _ in range(300):
        if not any(map(runs, pids)):
            return
        time.sleep(0.1)
    left = [pid for pid in pids if runs(pid)]
    raise AssertionError(f"still running: {left}")
