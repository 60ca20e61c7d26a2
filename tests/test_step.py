"""A step of a make target is one line, unless it fails; then all that it printed is shown."""

import re
import signal
import subprocess
import sys
from pathlib import Path

STEP = [sys.executable, Path(__file__).parents[1] / "scripts" / "step.py", "Doing it"]
NOISY = (
    "import sys; [print('noise', n, flush=True) for n in range(500)]; print('end', file=sys.stderr)"
)


def step(code):
    return subprocess.run([*STEP, sys.executable, "-c", code], capture_output=True, text=True)


def test_a_step_that_works_is_one_line():
    done = step(NOISY)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"Doing it\.{3,} done in \d+ s\n", done.stdout)


def test_a_step_that_fails_shows_everything_and_its_command_and_fails_likewise():
    done = step(f"{NOISY}; sys.exit(7)")
    assert done.returncode == 7
    assert re.fullmatch(r"Doing it\.{3,} failed\n", done.stdout)
    lines = done.stderr.splitlines()
    assert lines[:501] == [*(f"noise {n}" for n in range(500)), "end"]
    assert lines[501].startswith("This failed: ")
    assert lines[501].endswith("sys.exit(7)")


def test_a_step_that_is_killed_fails():
    done = step("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert done.returncode == 128 + signal.SIGKILL


def test_a_program_that_is_not_there_is_named():
    done = subprocess.run([*STEP, "/nowhere/program"], capture_output=True, text=True)
    assert done.returncode == 127
    assert done.stdout == "Doing it... failed\n"
    assert "/nowhere/program" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_long_step_prints_dots():
    """The step ends only after two dots were read."""
    waits = [sys.executable, "-c", "import time; time.sleep(600)"]
    with subprocess.Popen([*STEP, *waits], stdout=subprocess.PIPE, text=True) as process:
        shown = process.stdout.read(len("Doing it....."))
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert shown == "Doing it....."
    assert rest.lstrip(".") == " interrupted\n"
    assert process.returncode == 130
