"""Asks rows as a batch for a while, at a quota that is given or learnt.

    python benchmarks/quota_rows.py FOLDER 60 --rpm 600

It begins when a line comes from standard input. There are more rows than are asked. Its summary is
printed as JSON: requests, refusals and failed rows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from long_batch import write_rows
from modelwire import Runtime
from modelwire.batch import Batch, BatchRequest, Limits
from peers.question import MODEL

_BETWEEN = 0.05
"""Seconds between two looks whether a first answer has come, with which the time begins."""


async def ask(folder: Path, seconds: float, limits: Limits, rows: int) -> dict[str, int]:
    """Ask rows until the time is over; what the batch says of it."""
    write_rows(folder / "rows.jsonl", rows)
    request = BatchRequest(
        folder / "rows.jsonl",
        folder / "answers.jsonl",
        settings={"model": f"amazon-bedrock/{MODEL}"},
        limits=limits,
    )
    async with Runtime.from_config({}) as runtime:
        await asyncio.to_thread(sys.stdin.readline)
        batch = Batch(runtime, request)
        running = asyncio.create_task(batch.run())
        while not batch.progress.answered and not running.done():  # noqa: ASYNC110 - no event for it
            await asyncio.sleep(_BETWEEN)
        await asyncio.wait([running], timeout=seconds)
        batch.stop()
        done = await running
    return {"requests": done.requests, "refused": done.refused, "failed": done.failed}


def main() -> None:
    """Ask."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rpm", type=float)
    parser.add_argument("--tpm", type=float)
    given = parser.parse_args()
    limits = Limits(rpm=given.rpm, tpm=given.tpm)
    done = asyncio.run(ask(given.folder, given.seconds, limits, given.rows))
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    main()
