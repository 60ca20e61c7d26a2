"""`modelwire batch --on ray` writes what a batch on this machine writes, and continues it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import asynccontextmanager, contextmanager

import pytest
import ray
from conftest import MARK, SONNET, processes, wait_until

from modelwire import Runtime, SyncRuntime
from modelwire.batch import (
    Batch,
    BatchRequest,
    Limits,
    RunnerOptions,
    batch_runner_names,
    load_batch_runner,
)
from modelwire.errors import AccessDenied, AuthenticationError
from modelwire_bedrock.emulator import Answer, Fault, Match, Pacing


class Files:
    """The files of a batch."""

    def __init__(self, folder):
        self.folder = folder
        self.source = folder / "in.jsonl"
        self.output = folder / "out.jsonl"
        self.errors = folder / "out.errors.jsonl"

    def ask(self, *prompts):
        rows = ({"custom_id": f"row {prompt}", "prompt": prompt} for prompt in prompts)
        self.source.write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def written(self, path=None):
        """The lines of a file by their ids, of which each is there once."""
        path = self.output if path is None else path
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        found = [json.loads(line) for line in lines if line.endswith(b"\n")]
        by_id = {each["custom_id"]: each for each in found}
        assert len(by_id) == len(found)
        return by_id


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


@asynccontextmanager
async def on_ray(files, *, workers=2, settings=None, **limits):
    """A batch on the cluster of the tests, to which this program is connected."""
    request = BatchRequest(
        files.source,
        files.output,
        {"model": SONNET, **(settings or {})},
        Limits(**limits),
        runner_options=RunnerOptions(workers=workers),
    )
    async with Runtime.from_config({}) as runtime:
        yield Batch(runtime, request, runner=load_batch_runner("ray"))


@contextmanager
def command(files, *arguments, **options):
    """The command `modelwire batch`, in a process of its own."""
    words = ("batch", "in.jsonl", "-o", "out.jsonl", "-m", SONNET, *arguments)
    process = subprocess.Popen(
        [sys.executable, "-m", "modelwire", *words],
        cwd=files.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def shared():
    """The options for the cluster of the tests."""
    address = ray.get_runtime_context().gcs_address
    return ("--on", "ray", "--address", address, "--workers", "2")


def lasting(record):
    """A line without what differs from run to run."""
    message = {
        name: value
        for name, value in record.get("message", {}).items()
        if name in ("content", "model", "provider", "stopReason")
    }
    error = {**record["error"], "requestId": None} if "error" in record else None
    return {**record, "message": message, "error": error}


def test_the_runner_is_found_by_its_name():
    assert batch_runner_names() == ["ray"]


async def test_the_lines_are_those_of_a_batch_on_this_machine(cluster, emulator, files):
    emulator.answer(fault=Fault.error("ValidationException"), when=Match(text="bad"), times=None)
    emulator.answer(fault=Fault.error("ThrottlingException"), when=Match(text="busy"), times=2)
    files.ask(*(f"say {n}" for n in range(40)), "busy", "bad 1", "bad 2", "")
    async with on_ray(files, concurrency=8) as batch:
        done = await batch.run()
    assert (done.rows, done.answered, done.failed, done.remaining) == (44, 41, 3, 0)
    assert (done.requests, done.refused, done.stopped) == (45, 2, None)
    assert files.written()["row busy"]["attempts"] == 3
    assert done.tokens > 0
    assert done.cost > 0
    emulator.answer(fault=Fault.error("ThrottlingException"), when=Match(text="busy"), times=2)
    there = Files(files.folder / "here")
    there.folder.mkdir()
    there.source.write_bytes(files.source.read_bytes())
    async with Runtime.from_config({}) as runtime:
        here = await runtime.batch(there.source, there.output, model=SONNET)
    assert (here.tokens, here.requests) == (done.tokens, done.requests)
    assert here.cost == pytest.approx(done.cost)
    for mine, theirs in ((files.output, there.output), (files.errors, there.errors)):
        assert {name: lasting(each) for name, each in files.written(mine).items()} == {
            name: lasting(each) for name, each in files.written(theirs).items()
        }


async def test_two_actors_share_a_quota_and_the_concurrency(cluster, emulator, files):
    emulator.answer(Answer("x", pacing=Pacing(first=0.5)), times=None)
    files.ask(*(f"say {n}" for n in range(30)))
    most = 0
    async with on_ray(files, concurrency=4, rpm=600) as batch:
        running = asyncio.ensure_future(batch.run())
        while not running.done():
            most = max(most, sum(request.end is None for request in emulator.requests))
            await asyncio.sleep(0.01)
        assert running.result().answered == 30
    assert 2 <= most <= 4
    times = [each["message"]["timestamp"] / 1000 for each in files.written().values()]
    # 29 gaps of 0.1 s; an answer that comes late makes the first one shorter.
    assert max(times) - min(times) >= 29 * 0.1 - 0.5


async def test_refused_credentials_end_the_batch_and_fail_no_row(cluster, emulator, files):
    emulator.answer(fault=Fault.error("UnrecognizedClientException"), times=None)
    files.ask(*(f"say {n}" for n in range(200)))
    async with on_ray(files, concurrency=4) as batch:
        with pytest.raises((AuthenticationError, AccessDenied)):
            await batch.run()
    assert (files.written(), files.written(files.errors)) == ({}, {})
    assert len(emulator.requests) < 50


async def test_a_stopped_batch_writes_what_was_in_flight_and_is_continued_here(
    cluster, emulator, files
):
    emulator.answer(Answer("x", pacing=Pacing(first=0.1)), times=None)
    files.ask(*(f"say {n}" for n in range(300)))
    async with on_ray(files, concurrency=4) as batch:
        running = asyncio.ensure_future(batch.run())
        while batch.progress.answered < 5:
            await asyncio.sleep(0.02)
        batch.stop()
        done = await running
    assert done.stopped == "interrupted"
    assert done.answered == len(emulator.requests) == len(files.written()) < 300
    emulator.reset()
    async with Runtime.from_config({}) as runtime:
        more = await runtime.batch(files.source, files.output, model=SONNET)
    assert (more.answered, more.remaining) == (300, 0)
    assert len(emulator.requests) == 300 - done.answered


def test_the_command_continues_a_batch_that_was_begun_here(cluster, emulator, files):
    files.ask("say 1", "say 2")
    with SyncRuntime.from_config({}) as runtime:
        runtime.batch(files.source, files.output, model=SONNET)
    files.ask("say 1", "say 2", "say 3", "")
    with command(files, *shared(), "--json") as process:
        shown, said = process.communicate(timeout=200)
    assert (process.returncode, said) == (3, "")
    summary = json.loads(shown)
    assert (summary["answered"], summary["failed"], summary["processed"]) == (3, 1, 2)
    assert sorted(texts(emulator)) == ["say 1", "say 2", "say 3"]
    assert list(files.written(files.errors)) == ["row "]


@pytest.fixture
def alone(cluster, monkeypatch):
    """The options and variables for a cluster of the command's own; nothing of it may be left."""
    mark = f"alone-{time.monotonic_ns()}"
    yield ("--on", "ray", "--workers", "2", "--concurrency", "8"), {**os.environ, MARK: mark}
    assert wait_until(lambda: not processes(mark), seconds=100), "processes of Ray are left"


def test_after_kill_no_row_is_lost_or_asked_again_that_was_written(cluster, emulator, files, alone):
    arguments, environ = alone
    emulator.answer(Answer("x", pacing=Pacing(first=0.05)), times=None)
    files.ask(*(f"say {n}" for n in range(200)))
    with command(files, *arguments, env=environ) as process:
        assert wait_until(lambda: len(files.written()) >= 20, seconds=200)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
    written = set(files.written())
    assert wait_until(lambda: not processes(environ[MARK]), seconds=100)
    asked = Counter(texts(emulator))
    emulator.reset()
    with command(files, *shared()) as process:
        said = process.communicate(timeout=200)[1]
    assert (process.returncode, said) == (0, "")
    assert len(files.written()) == 200
    again = Counter(texts(emulator))
    assert written.isdisjoint(f"row {text}" for text in again)
    assert set(again.values()) == {1}
    # Two actors have at most eight rows each.
    assert len([text for text in again if asked[text]]) <= 16


def test_ctrl_c_ends_the_batch_and_its_cluster(cluster, emulator, files, alone):
    arguments, environ = alone
    emulator.answer(Answer("x", pacing=Pacing(first=0.1)), times=None)
    files.ask(*(f"say {n}" for n in range(2000)))
    # As in a terminal, all processes of the group get the signal.
    with command(files, *arguments, env=environ, start_new_session=True) as process:
        assert wait_until(lambda: len(files.written()) >= 10, seconds=200)
        os.killpg(process.pid, signal.SIGINT)
        shown, said = process.communicate(timeout=100)
    assert (process.returncode, said) == (130, "")
    assert "rows not done yet; the same command continues." in shown
    assert len(files.written()) == len(emulator.requests) < 2000


def test_a_second_ctrl_c_does_not_wait_for_answers(cluster, emulator, files):
    emulator.answer(Answer("x", pacing=Pacing(first=1000)), times=None)
    files.ask(*(f"say {n}" for n in range(20)))
    with command(files, *shared()) as process:
        assert wait_until(lambda: len(emulator.requests) > 0, seconds=200)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        shown, said = process.communicate(timeout=100)
    assert (process.returncode, said) == (130, "")
    assert "20 rows not done yet" in shown
    assert wait_until(lambda: all(request.end is not None for request in emulator.requests))


def test_a_cluster_that_is_not_there_is_named(files):
    files.ask("say")
    with command(files, "--on", "ray", "--address", "nowhere") as process:
        said = process.communicate(timeout=200)[1]
    assert process.returncode == 1
    assert "Ray cannot be used on nowhere" in said


def texts(emulator):
    return [request.body["messages"][-1]["content"][0]["text"] for request in emulator.requests]
