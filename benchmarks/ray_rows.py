"""Asks rows as a plain batch, and through Ray Data; runs in an environment with Ray.

    python benchmarks/ray_rows.py FOLDER RESULT plain:1000 plain:10000 ask-1:10000 same-1:10000

`ask-2` asks in two actors; `same-1` sends the same rows through the same pipeline, whose actor returns
them as they are. Each run is an object in the JSON of RESULT. Seconds are of the rows, without the start
of the cluster; CPU seconds are of all its processes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ray

from modelwire import Runtime
from modelwire_ray import Ask
from peers.question import MODEL

_MODEL = f"amazon-bedrock/{MODEL}"
_MARK = "MODELWIRE_MEASURED"
"""The variable by which the processes of the cluster are found."""


class SameRows:
    """An actor's function that returns its rows."""

    async def __call__(self, batch: Any) -> Any:
        return batch


def rows_of(folder: Path, count: int) -> Path:
    """A file with prompts, each with an id."""
    path = folder / f"{count}.jsonl"
    if not path.exists():
        lines = (json.dumps({"custom_id": f"row-{n}", "prompt": "Hello"}) for n in range(count))
        path.write_text("\n".join(lines) + "\n")
    return path


async def plain(source: Path, output: Path, in_flight: int) -> int:
    """Ask the rows as a batch in this process; how many are answered."""
    async with Runtime.from_config({}) as runtime:
        done = await runtime.batch(source, output, model=_MODEL, concurrency=in_flight)
    return done.answered


def through_ray(source: Path, output: Path, in_flight: int, batch: int, how: str) -> int:
    """Send the rows through Ray Data; how many come out."""
    name, _, actors = how.partition("-")
    arguments = {"model": _MODEL, "config": {}, "in_flight": in_flight}
    ray.data.read_json(str(source)).map_batches(
        {"ask": Ask, "same": SameRows}[name],
        fn_constructor_kwargs=arguments if name == "ask" else None,
        batch_format="pyarrow",
        batch_size=batch,
        compute=ray.data.ActorPoolStrategy(size=int(actors)),
        num_cpus=0.4,
    ).write_json(str(output))
    return sum(len(file.read_bytes().splitlines()) for file in output.iterdir())


class ClusterTime:
    """The CPU seconds of the processes of a cluster by what they do, those that have ended included."""

    def __init__(self, folder: Path) -> None:
        self._folder = bytes(folder)
        self._seen: dict[str, tuple[str, float]] = {}
        self._watching = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def close(self) -> None:
        """End the thread that watches."""
        self._done.set()
        self._thread.join()

    def used(self) -> dict[str, float]:
        """The seconds so far; those of this process are without those of watching."""
        began = time.thread_time()
        self._look()
        self._watching += time.thread_time() - began
        found = {"driver": time.process_time() - self._watching}
        for name, seconds in self._seen.values():
            found[name] = found.get(name, 0.0) + seconds
        return found

    def _watch(self) -> None:
        while not self._done.wait(1):
            began = time.thread_time()
            self._look()
            self._watching += time.thread_time() - began

    def _look(self) -> None:
        mark = _MARK.encode() + b"=" + self._folder
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes()
                if int(entry.name) == os.getpid() or not (
                    self._folder in command or mark in (entry / "environ").read_bytes()
                ):
                    continue
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            ticks = int(fields[11]) + int(fields[12])
            actor = command.startswith(b"ray::") and b"MapWorker" in command
            was_actor = self._seen.get(entry.name, ("",))[0] == "actors"
            name = "actors" if actor or was_actor else "others"
            self._seen[entry.name] = name, ticks / os.sysconf("SC_CLK_TCK")


def timed(
    run: Callable[[], int], used: Callable[[], dict[str, float]], rows: int
) -> dict[str, Any]:
    """Run, and return what it took.

    Raises:
        ValueError: Rows are missing.
    """
    before, began = used(), time.monotonic()
    found = run()
    wall, after = time.monotonic() - began, used()
    if found != rows:
        msg = f"{found} rows came of {rows}."
        raise ValueError(msg)
    parts = {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}
    return {"rows": rows, "wall": wall, "cpu": sum(parts.values()), "parts": parts}


def _own() -> dict[str, float]:
    return {"driver": time.process_time()}


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a short path: sockets are in it")
    parser.add_argument("result", type=Path)
    parser.add_argument("runs", nargs="+", metavar="HOW:ROWS")
    parser.add_argument("--in-flight", type=int, default=64, help="of each process that asks")
    parser.add_argument("--batch", type=int, default=32, help="rows of a batch of Ray Data")
    given = parser.parse_args()
    folder = given.folder
    runs = [(how, int(count)) for how, _, count in (run.partition(":") for run in given.runs)]
    found = []
    for number, (how, rows) in enumerate(runs):
        if how == "plain":
            source, output = rows_of(folder, rows), folder / f"{number}.answers.jsonl"
            work = plain(source, output, given.in_flight)
            took = timed(lambda: asyncio.run(work), _own, rows)  # noqa: B023
            found.append({"how": how, **took})
    if any(how != "plain" for how, _ in runs):
        sizes = given.in_flight, given.batch
        found += on_cluster(folder, [run for run in runs if run[0] != "plain"], sizes)
    versions = {"ray": ray.__version__, "pyarrow": version("pyarrow")}
    given.result.write_text(json.dumps({"versions": versions, "runs": found}))


def on_cluster(
    folder: Path, runs: list[tuple[str, int]], sizes: tuple[int, int]
) -> list[dict[str, Any]]:
    """Start a cluster, and run what is asked for on it; the first run of all starts its processes."""
    os.environ |= {
        _MARK: str(folder),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",
    }
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=200_000_000,
        logging_level="error",
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
        _temp_dir=str(folder),
    )
    ray.data.DataContext.get_current().enable_progress_bars = False
    cluster = ClusterTime(folder)
    found = []
    try:
        for number, (how, rows) in enumerate(runs):
            source, output = rows_of(folder, rows), folder / f"out-{number}"
            took = timed(
                lambda: through_ray(source, output, *sizes, how),  # noqa: B023
                cluster.used,
                rows,
            )
            found.append({"how": how, **took})
    finally:
        cluster.close()
        ray.shutdown()
    return found


if __name__ == "__main__":
    main()
