"""Asks the rows of a file: as a batch, or with the runtime alone and nothing written.

    python benchmarks/batch_rows.py batch FOLDER 10000

Both read the same prompts, and have as many requests in flight.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from pathlib import Path

from modelwire import Runtime
from peers.question import MODEL

_AT_ONCE = 64
_MODEL = f"amazon-bedrock/{MODEL}"


async def batch(folder: Path, rows: int) -> int:
    """Ask them as a batch; return how many are answered."""
    source = folder / f"{rows}.jsonl"
    output = folder / f"{rows}.answers.jsonl"
    async with Runtime.from_config({}) as runtime:
        done = await runtime.batch(source, output, model=_MODEL, concurrency=_AT_ONCE)
    return done.answered


async def alone(_: Path, rows: int) -> int:
    """Ask them with the runtime alone; return how many are answered."""
    numbers = itertools.count(1)

    async def ask() -> None:
        while next(numbers) <= rows:
            await runtime.complete("Hello", model=_MODEL)

    async with Runtime.from_config({}) as runtime:
        await asyncio.gather(*(ask() for _ in range(_AT_ONCE)))
    return rows


def prepare(folder: Path, rows: int) -> None:
    """Write the rows, and remove the answers of a run before."""
    with (folder / f"{rows}.jsonl").open("w") as file:
        for number in range(rows):
            file.write(json.dumps({"custom_id": f"row-{number}", "prompt": "Hello"}) + "\n")
    for path in folder.glob(f"*{rows}.answers*"):
        path.unlink()


if __name__ == "__main__":
    how, folder, rows = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    prepare(folder, rows)
    answered = asyncio.run({"batch": batch, "alone": alone}[how](folder, rows))
    sys.exit(answered != rows)
