"""A batch of many rows as a command: its CPU time and memory on the way, and its output at the end."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from peers.question import MODEL

__all__ = ["Point", "emulator", "run_batch", "whole_answers", "write_rows"]

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LAST_EXPORT = "AWS_SECRET_ACCESS_KEY"
"""The last variable that the emulator prints; then it listens."""
_BETWEEN = 0.1
"""Seconds between two looks at the output."""


@frozen
class Point:
    """What the process of a batch has used when a number of answers is written.

    Attributes:
        rows: The answers.
        cpu: Its CPU time in seconds.
        memory: Its resident memory in bytes.
    """

    rows: int
    cpu: float
    memory: int


@contextmanager
def emulator(python: Path, environ: dict[str, str]) -> Iterator[dict[str, str]]:
    """Run the Bedrock emulator as a process; gives the environment variables of its clients."""
    command = [python, "-m", "modelwire", "bedrock", "emulate"]
    with subprocess.Popen(
        [*command, "--port", "0", "--model", "echo", "--quiet"],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            exports: dict[str, str] = {}
            while _LAST_EXPORT not in exports:
                line = process.stdout.readline()
                if not line:
                    msg = "The emulator did not start."
                    raise RuntimeError(msg)
                name, _, value = shlex.split(line)[1].partition("=")
                exports[name] = value
            yield environ | exports
        finally:
            process.terminate()


def write_rows(path: Path, rows: int) -> None:
    """Write prompts, each with an id."""
    with path.open("w") as file:
        for number in range(rows):
            file.write(json.dumps({"custom_id": f"row-{number}", "prompt": "Hello"}) + "\n")


def run_batch(
    python: Path, source: Path, output: Path, points: Sequence[int], environ: dict[str, str]
) -> list[Point]:
    """Run `modelwire batch` to its end; return what it has used at each point.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    command = [python, "-m", "modelwire", "batch", source, "-o", output]
    with subprocess.Popen(
        [*command, "-m", f"amazon-bedrock/{MODEL}"],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            found = list(_watch(process, output, points))
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return found


def _watch(
    process: subprocess.Popen[bytes], output: Path, points: Sequence[int]
) -> Iterator[Point]:
    """Count the lines of the output while it grows, and look at the process at each point."""
    left, lines, offset = list(points), 0, 0
    while left:
        ended = process.poll() is not None
        if output.exists():
            with output.open("rb") as file:
                file.seek(offset)
                while piece := file.read(1 << 20):
                    offset += len(piece)
                    lines += piece.count(b"\n")
        if lines >= left[0] and not ended:
            left.pop(0)
            yield _point(process.pid, lines)
        elif ended:
            return
        else:
            time.sleep(_BETWEEN)


def _point(pid: int, rows: int) -> Point:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Point(rows, (int(fields[11]) + int(fields[12])) / _TICKS, pages * _PAGE)


def whole_answers(output: Path) -> int:
    """How many different rows have an answer in an output.

    Raises:
        ValueError: A line is not whole, or a row has two.
    """
    ids: set[str] = set()
    with output.open("rb") as file:
        for number, line in enumerate(file, 1):
            answer = json.loads(line)
            if not line.endswith(b"\n") or answer["custom_id"] in ids:
                msg = f"Line {number} is torn, or its row is answered twice."
                raise ValueError(msg)
            ids.add(answer["custom_id"])
    return len(ids)
