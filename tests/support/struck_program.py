"""Commands in a terminal that Ctrl-C meets at every line of the command line's code; to be run as a program.

It reads from standard input, as JSON, the `arguments` of a command, its environment `environ`, what is
`typed` ahead, whether its end is `leaving` with Ctrl-D, and the `points`: at how many of the lines it is to
be struck, spread evenly, or 0 for all. Lines are counted as they run, in `modelwire.cli` only. For each of
them a process is forked, in a terminal and a home of its own, and sends itself SIGINT at that line. It
prints as JSON how many lines there are (`lines`) and what came of each process (`outcomes`): where it was
struck, its exit status and what it showed.
"""

import gc
import json
import mmap
import os
import pty
import select
import signal
import struct
import sys
import termios
from pathlib import Path

import preloaded

OURS = f"{os.sep}modelwire{os.sep}cli{os.sep}"
_COUNT = struct.Struct("q")
_WHERE = b"\x1b[6n"
"""Asks a terminal where the cursor is."""


def strike_at(number: int, shared: mmap.mmap):
    """A tracer that counts our lines and sends SIGINT at one of them; what it saw is in `shared`."""
    seen, begun = 0, False
    ours: dict[str, bool] = {}

    def trace(frame, _event, _argument):
        file = frame.f_code.co_filename
        if file not in ours:
            ours[file] = OURS in file
        return line if ours[file] else None

    def line(frame, event, _argument):
        nonlocal seen, begun
        # Before that, as while Python starts, Ctrl-C is Python's own.
        begun = begun or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        if event == "line" and begun:
            seen += 1
            _COUNT.pack_into(shared, 0, seen)
            if seen == number:
                place = f"{frame.f_code.co_filename.partition(OURS)[2]}:{frame.f_lineno}"
                shared[8 : 8 + len(place)] = place.encode()
                sys.settrace(None)  # nothing more is counted, and tracing makes all code slow
                os.kill(os.getpid(), signal.SIGINT)
        return line

    return trace


def talk(terminal: int, typed: str, *, leaving: bool) -> bytes:
    """Type, and read what is shown to the end."""
    shown = b""
    os.write(terminal, typed.encode())
    while True:
        if not select.select([terminal], [], [], 0.05)[0]:
            # Ctrl-D is a key to a program that reads keys, and nothing that may wait for it before.
            if leaving and not termios.tcgetattr(terminal)[3] & termios.ICANON:
                os.write(terminal, b"\x04")
            continue
        try:
            part = os.read(terminal, 65536)
        except OSError:  # which is how Linux says that the last writer is gone
            return shown
        if not part:
            return shown
        if _WHERE in shown[1 - len(_WHERE) :] + part:
            os.write(terminal, b"\x1b[1;1R")  # at the first row; it would be waited for
        shown += part


def become(task: dict, home: Path, number: int, shared: mmap.mmap) -> None:
    """Make of this process a program that has just been started, and is going to be struck."""
    home.mkdir()
    preloaded.become(
        {
            "argv": [str(preloaded.MODELWIRE), *task["arguments"]],
            "cwd": str(home),
            "env": {**task["environ"], "HOME": str(home), "TERM": "xterm"},
        }
    )
    sys.settrace(strike_at(number, shared))


def struck(task: dict, home: Path, number: int) -> tuple[int, dict] | None:
    """Run the command and strike it at one line, none for 0.

    Returns:
        How many lines ran and what came of it; `None` in the process that is the command.
    """
    shared = mmap.mmap(-1, 4096)
    child, terminal = pty.fork()
    if child == 0:
        become(task, home, number, shared)
        return None
    shown = talk(terminal, task["typed"], leaving=task["leaving"])
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    place = shared[8:200].rstrip(b"\0").decode()
    outcome = {"place": place, "status": status, "shown": shown.decode(errors="replace")}
    return _COUNT.unpack_from(shared)[0], outcome


def run(task: dict, folder: Path) -> dict | None:
    """Strike the command at the points; `None` in a process that is the command."""
    # The names are of one length: a path that is shown takes a line for each character.
    whole = struck(task, folder / f"{0:06}", 0)
    if whole is None:
        return None
    lines, outcome = whole
    points = min(task["points"] or lines, lines)
    outcomes = []
    for point in range(points):
        number = 1 + (lines - 1) * point // max(1, points - 1)  # the last one is among them
        found = struck(task, folder / f"{number:06}", number)
        if found is None:
            return None
        outcomes.append(found[1])
    return {"lines": lines, "whole": outcome, "outcomes": outcomes}


if __name__ == "__main__":
    preloaded.import_all()
    gc.collect()
    gc.freeze()
    report = run(json.load(sys.stdin), Path(sys.argv[1]))
    if report is None:
        from modelwire.cli import main

        main()
    print(json.dumps(report))
