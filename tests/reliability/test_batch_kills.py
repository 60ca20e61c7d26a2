"""A batch that is killed at random moments loses no row, and asks none twice whose answer was written."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from long_runs import scaled

from modelwire_bedrock.emulator import Answer, Emulator, Pacing

pytestmark = pytest.mark.timeout(240)

MODELWIRE = Path(sys.executable).with_name("modelwire")
CONCURRENCY = 4
KILLS = scaled(4, 50)
ROWS = 20 + 12 * KILLS


def answered(output):
    """The ids that are in the output as whole lines."""
    if not output.exists():
        return set()
    lines = output.read_bytes().split(b"\n")[:-1]
    found = [json.loads(line)["custom_id"] for line in lines]
    assert len(found) == len(set(found)), "a row was written twice"
    return set(found)


def asked(requests):
    return Counter(each.body["messages"][-1]["content"][0]["text"] for each in requests)


class Runs:
    """Runs of one command, and what the service was asked in each."""

    def __init__(self, folder, emulator):
        self.folder, self.emulator = folder, emulator
        self.output = folder / "out.jsonl"
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder), **emulator.environ()}

    def start(self):
        return subprocess.Popen(
            [
                MODELWIRE, "batch", "in.jsonl", "-o", "out.jsonl", "--concurrency", str(CONCURRENCY),
                "-m", "bedrock/us.amazon.nova-lite-v1:0",
            ],
            cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def kill_after(self, requests, seconds):
        """Kill a run some time after it has sent some requests; return whether it was still running."""
        before = len(self.emulator.requests)
        process = self.start()
        while len(self.emulator.requests) < before + requests and process.poll() is None:
            time.sleep(0.002)
        time.sleep(seconds)
        killed = process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        return killed


@pytest.mark.extensive("it starts a command again and again")
def test_kills_at_random_moments_lose_nothing_and_repeat_no_answer(tmp_path):
    rows = [{"custom_id": f"r{index}", "prompt": f"r{index}"} for index in range(ROWS)]
    (tmp_path / "in.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    numbers = random.Random(17)
    killed = 0
    with Emulator() as emulator:
        emulator.answer(Answer("Yes.", pacing=Pacing(first=0.02)), times=None)
        runs = Runs(tmp_path, emulator)
        for _ in range(KILLS):
            before, sent = answered(runs.output), len(emulator.requests)
            killed += runs.kill_after(numbers.randrange(14), numbers.uniform(0, 0.1))
            again = asked(emulator.requests[sent:])
            assert not before & again.keys(), "a row was asked whose answer was written"
            assert set(again.values()) <= {1}
            assert before <= answered(runs.output)
        before, sent = answered(runs.output), len(emulator.requests)
        with runs.start() as done:
            shown, said = done.communicate()
        assert (done.returncode, said) == (0, b"")
        assert f"{ROWS} of {ROWS} rows answered".encode() in shown
        assert not before & asked(emulator.requests[sent:]).keys()
        requests = len(emulator.requests)
    assert answered(runs.output) == {row["custom_id"] for row in rows}
    assert killed >= KILLS // 2
    assert requests - ROWS <= killed * CONCURRENCY
