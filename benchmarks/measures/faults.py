"""Correctness: seven faults of an answer, and what each peer makes of them."""

from __future__ import annotations

import time
from typing import Any
from urllib.request import urlopen

from environments import PEERS
from processes import Bench, Driver
from results import NAMES, Result, Target, table

TITLE = "Correctness"
_NAMES = ("modelwire", *(name for name in PEERS if name != "llm"))
_FAULTS = {
    "ended": "ends without a stop",
    "cut": "connection cut",
    "half": "cut inside an event",
    "call": "cut inside a tool call",
    "failed": "failure in the stream",
    "damaged": "damaged event",
    "left": "left by the caller",
}
_PATIENCE = 3.0
"""Seconds in which the connection of an answer that was left has to be closed."""


def measure(bench: Bench) -> Result:
    verdicts: dict[str, dict[str, str]] = {}
    for fault in _FAULTS:
        with (
            bench.server("faults", fault=fault) as url,
            bench.drivers(_NAMES, url) as drivers,
        ):
            for driver in drivers:
                verdicts.setdefault(driver.name, {})[fault] = _verdict(driver, fault, url)
    rows = [
        [NAMES[name], *(verdicts[name].get(fault, "–") for fault in _FAULTS)]
        for name in _NAMES
        if name in verdicts
    ]
    wrong = sum(not said.startswith("right") for said in verdicts["modelwire"].values())
    targets = [
        Target("Faults of an answer that modelwire takes for something else", wrong, 0, "", 0)
    ]
    return Result(table(["", *_FAULTS.values()], rows), targets, [], {"verdicts": verdicts})


def _verdict(driver: Driver, fault: str, url: str) -> str:
    """What a peer makes of an answer."""
    if fault == "left":
        before = _running(url)
        driver.ask("fault", leave=1)
        return "right" if _ends(url, before) else "**left open**"
    answer: dict[str, Any] = driver.ask("fault")
    raised = answer.get("raised") or answer.get("error")
    if raised is None:
        return "**taken for success**"
    return f"right: {raised}" if "raised" in answer else f"**{raised[:40]}**"


def _ends(url: str, most: int) -> bool:
    """Whether no more answers than that are being sent, in time."""
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends:
        if _running(url) <= most:
            return True
        time.sleep(0.05)
    return False


def _running(url: str) -> int:
    with urlopen(f"{url}/running") as answer:  # noqa: S310 - the server of this measurement
        return int(answer.read())
