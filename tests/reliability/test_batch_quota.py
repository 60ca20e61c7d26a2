"""Batches at a quota, in real time: a server with a token bucket counts what it answers and refuses.

How long a machine stops for others is not known here, so a case may be run again. `make bench` measures more
rates, for longer.
"""

import asyncio
import json
import urllib.request

import pytest
from burst_reader import MODEL, answering, runtime_for

from modelwire.batch import Batch, BatchRequest, Limits

pytestmark = pytest.mark.timeout(300)

RATE = 20
ROWS = 12 * RATE
TOKENS = 5_010
"""The tokens that the server says of a request and its answer."""
TRIES = 3


async def counts_of(folder, limits, **told):
    """Run a batch to its end; what the server has counted, and the summary."""
    folder.mkdir(parents=True)
    source = folder / "rows.jsonl"
    source.write_text("".join(json.dumps({"prompt": "Hello"}) + "\n" for _ in range(ROWS)))
    with answering(5, "quota", rate=RATE, **told) as url:
        request = BatchRequest(
            source, folder / "answers.jsonl", settings={"model": MODEL}, limits=limits
        )
        async with runtime_for(url, folder) as runtime:
            done = await Batch(runtime, request).run()
        with await asyncio.to_thread(urllib.request.urlopen, f"{url}/counts") as answer:
            return json.load(answer), done


async def run_until(is_good, folder, limits, **told):
    """Run a case until it is good, a few times at most."""
    for number in range(TRIES):
        counts, done = await counts_of(folder / str(number), limits, **told)
        assert counts["admitted"] == done.answered == ROWS
        assert counts["refused"] == done.refused
        if is_good(counts):
            break
    return counts


def used(counts, first):
    """The share of the quota that was used, with what the bucket held at first."""
    return counts["admitted"] / (RATE * counts["seconds"] + first)


@pytest.mark.extensive(
    "it sends for as long as it takes to see the quota used; that of a learnt one is seen sooner"
)
async def test_a_given_quota_is_used_and_not_exceeded(tmp_path):
    def is_good(counts):
        return counts["refused"] <= 0.01 * ROWS and used(counts, 1) >= 0.95

    limits = {"rpm": Limits(rpm=60 * RATE), "tpm": Limits(tpm=60 * RATE * TOKENS)}
    for counts in await asyncio.gather(
        *(run_until(is_good, tmp_path / name, given) for name, given in limits.items())
    ):
        assert is_good(counts), counts


async def test_a_quota_is_learnt_within_seconds(tmp_path):
    def is_good(counts):
        return counts["refused"] <= 0.08 * ROWS and used(counts, RATE) >= 0.5

    fields = {"without": {}, "with": {"retry": 1}}
    for counts in await asyncio.gather(
        *(run_until(is_good, tmp_path / name, Limits(), **told) for name, told in fields.items())
    ):
        assert is_good(counts), counts
