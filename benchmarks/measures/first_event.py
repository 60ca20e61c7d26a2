"""From the call to the first piece of text: on a warm client, and in a process that just began."""

from __future__ import annotations

from statistics import median

from environments import OWN, PEERS
from processes import DRIVER, Bench
from results import NAMES, Bars, Result, Target, milliseconds, ratio, table

TITLE = "First event"
_NAMES = tuple(name for name in (*OWN, *PEERS) if name != "llm")


def measure(bench: Bench) -> Result:
    with bench.server("burst", events=1) as url:
        warm, warm_cpu = _warm(bench, url)
        cold, cold_cpu = _cold(bench, url, tuple(warm))
    rows = [
        [
            NAMES[name],
            milliseconds(warm[name]),
            milliseconds(warm_cpu[name]),
            milliseconds(cold.get(name), 0),
            milliseconds(cold_cpu.get(name), 0),
            ratio(cold_cpu[name], cold_cpu["modelwire"]) if name in cold_cpu else "–",
        ]
        for name in _NAMES
        if name in warm
    ]
    head = ["", "warm, ms", "warm, CPU ms", "cold, ms", "cold, CPU ms", "cold CPU x modelwire"]
    return Result(
        table(head, rows),
        [
            Target(
                "CPU of a new process to its first event, of boto3's",
                cold_cpu["modelwire"] / cold_cpu["boto3"],
                1.0,
            )
        ]
        if "boto3" in cold_cpu
        else [],
        [Bars("First event in a new process", "ms", {n: s * 1e3 for n, s in cold.items()})],
        {"warm": warm, "warm_cpu": warm_cpu, "cold": cold, "cold_cpu": cold_cpu},
    )


def _warm(bench: Bench, url: str) -> tuple[dict[str, float], dict[str, float]]:
    """Medians on a client that has answered before, by the clock and in CPU time."""
    walls: dict[str, list[float]] = {}
    cpus: dict[str, list[float]] = {}
    with bench.drivers(_NAMES, url) as drivers:
        for number in range(bench.rounds(40, 5) + 3):
            for driver in drivers:
                answer = driver.ask("first")
                if number >= 3 and "error" not in answer:
                    walls.setdefault(driver.name, []).append(answer["first"])
                    cpus.setdefault(driver.name, []).append(answer["cpu"])
    return (
        {name: median(found) for name, found in walls.items()},
        {name: median(found) for name, found in cpus.items()},
    )


def _cold(
    bench: Bench, url: str, names: tuple[str, ...]
) -> tuple[dict[str, float], dict[str, float]]:
    """Medians over processes that begin, stream one answer and end."""
    walls: dict[str, list[float]] = {}
    cpus: dict[str, list[float]] = {}
    for _ in range(bench.rounds(7, 1)):
        for name in names:
            python = bench.environments.python(name)
            assert python is not None
            took = bench.run(python, DRIVER, name, "--once", environ=bench.environ(url))
            walls.setdefault(name, []).append(took["wall"])
            cpus.setdefault(name, []).append(took["cpu"])
    return (
        {name: median(found) for name, found in walls.items()},
        {name: median(found) for name, found in cpus.items()},
    )
