"""Short requests: an answer of five pieces, one after another and 32 at a time."""

from __future__ import annotations

from statistics import median

from processes import Bench
from results import NAMES, Bars, Result, Target, milliseconds, paired, ratio, table

TITLE = "Short requests"
_NAMES = (
    "floor:signed",
    "modelwire",
    "boto3",
    "aiobotocore",
    "aws_sdk",
    "pydantic_ai",
    "strands",
    "langchain_aws",
    "any_llm",
    "litellm",
)
_EVENTS = 5
_PIECE = len(" word 000000 of it")
_REQUESTS = 40
"""Requests for one figure."""
_AT_ONCE = 32
_SECONDS_OF_A_THOUSAND = 1.0
_LIMITS = {"boto3": 0.5, "aiobotocore": 0.6, "floor:signed": 2.0}


def measure(bench: Bench) -> Result:
    times, rates = _times(bench)
    rows = []
    for name in _NAMES:
        if name not in times:
            why = bench.environments.missing.get(name)
            if why is not None:
                rows.append([f"{NAMES[name]}: not measured: {why}", "", "", "", ""])
            continue
        rate = rates.get(name)
        rows.append(
            [
                NAMES[name],
                milliseconds(median(times[name]), 2),
                ratio(paired(times[name], times["modelwire"]), 1),
                f"{median(rate):,.0f}" if rate else "–",
                ratio(paired(rate, rates["modelwire"]), 1) if rate else "–",
            ]
        )
    head = ["", "CPU per request, ms", "x modelwire", "requests per second", "x modelwire"]
    targets = [
        Target(f"CPU of a short request, of {name}'s", paired(times["modelwire"], times[of]), most)
        for of, most in _LIMITS.items()
        if of in times
        for name in (NAMES[of].partition(" (")[0],)
    ]
    if "modelwire" in rates:
        seconds = 1_000 / median(rates["modelwire"])
        what = f"Time of 1,000 short requests, {_AT_ONCE} at a time"
        targets.append(Target(what, seconds, _SECONDS_OF_A_THOUSAND, " s"))
    bars = {name: median(seconds) * 1e3 for name, seconds in times.items()}
    return Result(
        table(head, rows),
        targets,
        [Bars("CPU of a short request", "ms", bars)],
        {"cpu": times, "per_second": rates},
    )


def _times(bench: Bench) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """The CPU time of a request in each round, in seconds, and requests per second."""
    times: dict[str, list[float]] = {}
    rates: dict[str, list[float]] = {}
    missing = bench.environments.missing
    with bench.server("burst", events=_EVENTS) as url, bench.drivers(_NAMES, url) as drivers:
        for number in range(bench.rounds(15, 3) + 1):
            for driver in drivers:
                answer = driver.ask("warm", times=_REQUESTS)
                if answer.get("characters") != _EVENTS * _REQUESTS * _PIECE:
                    missing[driver.name] = str(answer.get("error", "it lost text"))
                elif number:
                    times.setdefault(driver.name, []).append(answer["cpu"])
        for _ in range(bench.rounds(5, 1)):
            for driver in drivers:
                answer = driver.ask("busy", at_once=_AT_ONCE, seconds=1.0 if bench.quick else 2.0)
                if "error" not in answer:
                    rates.setdefault(driver.name, []).append(answer["done"] / answer["wall"])
    full = max(map(len, rates.values()))
    return (
        {name: found for name, found in times.items() if name not in missing},
        {name: found for name, found in rates.items() if len(found) == full},
    )
