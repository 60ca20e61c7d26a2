"""How much CPU time a command of `modelwire` takes to start, beside bare Python.

    python benchmarks/startup.py [--rounds N] [--json]

The cases run in turn, round after round, each in a process of its own; a case's figure is the
median of its rounds. Times depend on the machine, ratios hardly. Commands run with a home, a cache
and a working folder of their own; the list is taken from a warm cache.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CASES = {
    "python -c pass": ["-c", "pass"],
    "import attrs, cattrs, click, pluggy": ["-c", "import attrs, cattrs, click, pluggy"],
    "import modelwire": ["-c", "import modelwire"],
    "import modelwire.config": ["-c", "import modelwire.config"],
    "import modelwire.runtime.runtime": ["-c", "import modelwire.runtime.runtime"],
    "modelwire --help": ["-m", "modelwire", "--help"],
    "modelwire models list": ["-m", "modelwire", "models", "list"],
}


def cpu_seconds(arguments: list[str], environ: dict[str, str]) -> float:
    """Run Python with these arguments; return user and system time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], env=environ, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(rounds: int) -> dict[str, float]:
    """The median CPU time of each case, in seconds."""
    times: dict[str, list[float]] = {name: [] for name in CASES}
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "HOME": folder, "MODELWIRE_CACHE_DIR": str(Path(folder, "cache"))}
        for name in ("modelwire models list", "modelwire --help"):
            cpu_seconds(CASES[name], environ)
        for _ in range(rounds):
            for name, arguments in CASES.items():
                times[name].append(cpu_seconds(arguments, environ))
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    medians = measure(arguments.rounds)
    if arguments.json:
        print(json.dumps(medians, indent=2))
        return
    bare = medians["python -c pass"]
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {arguments.rounds} rounds\n"
    )
    print("| case | CPU ms (median) | x bare Python |\n|---|---|---|")
    for name, seconds in medians.items():
        print(f"| `{name}` | {seconds * 1000:.0f} | {seconds / bare:.1f} |")


if __name__ == "__main__":
    main()
