"""Memory: a stream of 100 MB of text, of which the caller keeps nothing."""

from __future__ import annotations

from processes import Bench
from results import Bars, Result, Target, table

TITLE = "Memory"
SIZES = (10_000_000, 100_000_000)
_PIECE = 1000
_CASES = {
    "modelwire_dropping": "**modelwire**, `keep_text=False`",
    "modelwire": "**modelwire**, with the message at the end",
    "floor": "floor",
    "boto3": "boto3",
}


def measure(bench: Bench) -> Result:
    sizes = SIZES if not bench.quick else (1_000_000, 10_000_000)
    grown = {size: _grown(bench, size) for size in sizes}
    head = ["", *(f"{size / 1e6:g} MB of text: MB more" for size in sizes)]
    rows = [
        [title, *(f"{grown[size][name] / 1e6:.1f}" for size in sizes)]
        for name, title in _CASES.items()
    ]
    dropping = [grown[size]["modelwire_dropping"] for size in sizes]
    return Result(
        table(head, rows),
        [
            Target(
                "Memory: how much more a stream of ten times the size takes",
                (dropping[1] - dropping[0]) / 1e6,
                4.0,
                " MB",
            )
        ],
        [
            Bars(
                f"Memory for {sizes[1] / 1e6:g} MB",
                "MB",
                {title: grown[sizes[1]][name] / 1e6 for name, title in _CASES.items()},
            )
        ],
        {str(size): found for size, found in grown.items()},
    )


def _grown(bench: Bench, size: int) -> dict[str, int]:
    """The memory that a stream took, in bytes, each in a process of its own."""
    grown = {}
    for name in _CASES:
        with (
            bench.server("large", size=size, piece=_PIECE) as url,
            bench.drivers([name], url) as (driver,),
        ):
            driver.ask("grow")  # the first answer is short: what is loaded with it is no growth
            answer = driver.ask("grow")
        if answer.get("characters", 0) < size * 0.9:
            msg = f"{name} did not read it all: {answer}"
            raise RuntimeError(msg)
        grown[name] = answer["grown"]
    return grown
