"""A batch asks each row until it has an answer or a failure, once, over as many runs as it takes."""

import asyncio
import time

import pytest

from modelwire.batch import Batch, BatchRequest, Limits
from modelwire.batch.journal import Journal
from modelwire.errors import AccessDenied, AuthenticationError, BatchError, InvalidRequest
from modelwire.messages.codec import message_from_json


async def test_every_row_gets_an_answer(make_runtime, files, provider):
    files.ask("say 1", "say 2", "say 3")
    async with make_runtime() as runtime:
        done = await runtime.batch(files.source, files.output, model="does/m", system="Be brief.")
    assert {name: each["message"]["content"][0]["text"] for name, each in files.answers.items()} == {
        "1": "did say 1", "2": "did say 2", "3": "did say 3"
    }  # fmt: skip
    first = files.answers["1"]
    assert (first["attempts"], first["cost"], first["usage"]["totalTokens"]) == (1, 0.02, 15)
    assert message_from_json(first["message"]).text == "did say 1"
    assert provider().systems == ["Be brief."] * 3
    assert (done.rows, done.answered, done.failed, done.remaining) == (3, 3, 0, 0)
    assert (done.processed, done.requests, done.tokens) == (3, 3, 45)
    assert done.cost == pytest.approx(0.06)
    assert not files.errors.exists()


async def test_the_same_call_asks_nothing_again(make_runtime, files, provider):
    files.ask("say 1", "say 2")
    async with make_runtime() as runtime:
        await runtime.batch(files.source, files.output, model="does/m")
        done = await runtime.batch(files.source, files.output, model="does/m")
    assert (done.answered, done.processed, done.requests) == (2, 0, 0)
    assert done.cost == pytest.approx(0.04)
    assert len(provider().calls) == 2


async def test_what_a_row_has_itself_takes_precedence_except_for_the_model(
    make_runtime, files, provider
):
    row = {"prompt": "say", "system": "Own.", "max_tokens": 3, "model": "does/other"}
    files.write([row, {"prompt": "say too"}])
    async with make_runtime() as runtime:
        await runtime.batch(
            files.source, files.output, model="does/m", system="All.", max_tokens=9, concurrency=1
        )
    assert provider().systems == ["Own.", "All."]
    assert [each.max_tokens for each in provider().options_seen] == [3, 9]
    assert {each["message"]["model"] for each in files.answers.values()} == {"m"}


async def test_without_a_model_each_row_may_have_its_own(make_runtime, files):
    files.write([{"prompt": "say", "model": "does/a"}, {"prompt": "say", "model": "does/b"}])
    async with make_runtime() as runtime:
        await runtime.batch(files.source, files.output)
    assert {each["message"]["model"] for each in files.answers.values()} == {"a", "b"}


async def test_a_refused_row_is_asked_again(make_runtime, files):
    files.ask("busy 2", "say 1")
    async with make_runtime() as runtime:
        done = await runtime.batch(files.source, files.output, model="does/m", max_attempts=1)
    assert files.answers["1"]["attempts"] == 3
    assert (done.answered, done.requests, done.refused) == (2, 4, 2)


@pytest.mark.parametrize("word", ["broken", "full", "down"])
async def test_a_failure_that_passes_is_asked_again(make_runtime, files, word):
    files.ask(f"{word} 1")
    async with make_runtime() as runtime:
        done = await runtime.batch(files.source, files.output, model="does/m")
    assert files.answers["1"]["attempts"] == 2
    assert (done.requests, done.refused) == (2, 0)


async def test_a_row_that_fails_is_a_failure_with_its_code_and_attempts(
    make_runtime, files, provider
):
    files.ask("invalid", "say 1", "broken")
    async with make_runtime() as runtime:
        done = await runtime.batch(files.source, files.output, model="does/m", max_attempts=2)
    assert (done.answered, done.failed, done.remaining) == (1, 2, 0)
    assert files.failures["1"]["error"]["code"] == "invalid_request"
    assert files.failures["1"]["error"]["message"] == "It is invalid."
    assert (files.failures["1"]["attempts"], files.failures["3"]["attempts"]) == (1, 2)
    assert files.failures["3"]["error"]["retryable"] is True
    assert provider().calls.count("broken") == 2


async def test_the_next_run_asks_failures_that_may_pass_and_keeps_the_others(
    make_runtime, files, provider
):
    files.ask("invalid", "broken 2", "filtered", "say 1")
    async with make_runtime() as runtime:
        await runtime.batch(files.source, files.output, model="does/m", max_attempts=2)
        assert set(files.failures) == {"1", "2", "3"}
        done = await runtime.batch(files.source, files.output, model="does/m")
        assert set(files.failures) == {"1", "3"}
        assert set(files.answers) == {"2", "4"}
        assert (done.processed, done.answered, done.failed, done.remaining) == (1, 2, 2, 0)
        again = await runtime.batch(files.source, files.output, model="does/m", retry_failed=True)
    assert (again.processed, again.failed) == (2, 2)
    assert set(files.failures) == {"1", "3"}
    assert provider().calls.count("invalid") == 2


async def test_the_last_failure_that_passes_takes_the_file_of_failures_along(make_runtime, files):
    files.ask("broken 1")
    async with make_runtime() as runtime:
        await runtime.batch(files.source, files.output, model="does/m", max_attempts=1)
        assert files.errors.exists()
        await runtime.batch(files.source, files.output, model="does/m")
    assert not files.errors.exists()


async def test_a_line_that_is_no_row_is_a_failure(make_runtime, files, provider):
    files.source.write_text('{"prompt": "say"}\n{oops\n\n[]\n{"custom_id": "x", "prompt": 5}\n')
    async with make_runtime() as runtime:
        done = await runtime.batch(files.source, files.output, model="does/m")
    assert (done.rows, done.answered, done.failed) == (4, 1, 3)
    assert {name: each["attempts"] for name, each in files.failures.items()} == {
        "2": 0, "4": 0, "x": 0
    }  # fmt: skip
    assert files.failures["2"]["error"]["message"].startswith("Line 2: it is not JSON")
    assert files.failures["x"]["line"] == 5
    assert len(provider().calls) == 1


async def test_wrong_credentials_stop_the_batch_and_fail_no_row(make_runtime, files, provider):
    files.ask(*(f"auth {10**9}{index}" for index in range(100)))
    async with make_runtime() as runtime:
        with pytest.raises(AuthenticationError):
            await runtime.batch(files.source, files.output, model="does/m", concurrency=4)
    assert (files.answers, files.failures) == ({}, {})
    assert len(provider().calls) <= 4


async def test_a_refused_permission_stops_a_batch_only_at_its_beginning(make_runtime, files):
    files.ask("denied", "say")
    async with make_runtime() as runtime:
        with pytest.raises(AccessDenied):
            await runtime.batch(files.source, files.output, model="does/m", concurrency=1)
        files.output.unlink()
        files.state.unlink()
        files.ask("say", "denied")
        done = await runtime.batch(files.source, files.output, model="does/m", concurrency=1)
    assert (done.answered, done.failed) == (1, 1)


async def test_a_bug_of_a_plugin_does_not_stop_a_batch_that_has_answers(make_runtime, files):
    files.ask("say", "bug", "say 2")
    async with make_runtime() as runtime:
        done = await runtime.batch(files.source, files.output, model="does/m", concurrency=1)
    assert (done.answered, done.failed) == (2, 1)
    assert files.failures["2"]["error"]["code"] == "plugin"


async def test_the_concurrency_is_a_limit(make_runtime, files, provider):
    files.ask(*(f"slow 0.01 {index}" for index in range(60)))
    async with make_runtime() as runtime:
        await runtime.batch(files.source, files.output, model="does/m", concurrency=3)
    assert provider().most == 3
    assert len(files.answers) == 60


async def test_no_more_rows_are_asked_than_may_be_lost_while_the_disk_is_slow(
    make_runtime, files, provider, monkeypatch
):
    append, unwritten, written = Journal.append_answers, [], 0

    def slow(journal, lines):
        nonlocal written
        time.sleep(0.02)
        unwritten.append(len(provider().calls) - written)
        append(journal, lines)
        written += lines.count(b"\n")

    monkeypatch.setattr(Journal, "append_answers", slow)
    files.ask(*(f"say {number}" for number in range(60)))
    async with make_runtime() as runtime:
        await runtime.batch(files.source, files.output, model="does/m", concurrency=3)
    assert len(files.answers) == 60
    assert max(unwritten) <= 3


async def test_stopping_waits_for_the_answers_in_flight(make_runtime, files, provider):
    files.ask(*(f"slow 0.05 {index}" for index in range(200)))
    async with make_runtime() as runtime:
        request = BatchRequest(files.source, files.output, {"model": "does/m"}, Limits(4))
        batch = Batch(runtime, request)
        running = asyncio.ensure_future(batch.run())
        while batch.progress.answered < 3:
            await asyncio.sleep(0.005)
        batch.stop()
        done = await running
        assert done.stopped == "interrupted"
        assert done.answered == len(files.answers) == len(provider().calls)
        assert done.remaining == 200 - done.answered > 0
        done = await Batch(runtime, request).run()
    assert done.remaining == 0
    assert len(provider().calls) == 200


async def test_cancelling_leaves_the_rows_in_flight_to_the_next_run(make_runtime, files, provider):
    files.ask("say 1", "slow 60 x")
    async with make_runtime() as runtime:
        batch = Batch(runtime, BatchRequest(files.source, files.output, {"model": "does/m"}))
        running = asyncio.ensure_future(batch.run())
        while not (batch.progress.answered and batch.progress.in_flight):
            await asyncio.sleep(0.005)
        batch.cancel()
        done = await running
    assert (done.answered, done.failed, done.remaining) == (1, 0, 1)
    assert done.stopped == "interrupted"
    assert provider().running == 0


async def test_a_cancelled_run_releases_its_files(make_runtime, files):
    files.ask("say 1", "slow 60 x")
    async with make_runtime() as runtime:
        running = asyncio.ensure_future(runtime.batch(files.source, files.output, model="does/m"))
        while not files.answers:
            await asyncio.sleep(0.005)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        files.ask("say 1")
        files.output.unlink()
        done = await runtime.batch(files.source, files.output, model="does/m")
    assert done.answered == 1


async def test_a_budget_stops_the_batch_before_it_is_exceeded(make_runtime, files, provider):
    files.ask(*(f"say {index}" for index in range(50)))
    async with make_runtime() as runtime:
        done = await runtime.batch(files.source, files.output, model="does/m", budget=0.205)
        assert (done.answered, done.stopped, done.remaining) == (10, "budget", 40)
        assert done.cost == pytest.approx(0.2)
        more = await runtime.batch(files.source, files.output, model="does/m", budget=0.301)
    assert (more.answered, more.processed, more.stopped) == (15, 5, "budget")
    assert len(provider().calls) == 15


async def test_a_budget_needs_prices(make_runtime, files, provider):
    files.ask(*(f"say {index}" for index in range(50)))
    async with make_runtime({}) as runtime:
        with pytest.raises(BatchError, match=r"The price of does/m is not known"):
            await runtime.batch(files.source, files.output, model="does/m", budget=5)
    assert len(provider().calls) == 1


async def test_two_runs_do_not_write_the_same_output(make_runtime, files):
    files.ask("slow 60 x")
    async with make_runtime() as runtime:
        batch = Batch(runtime, BatchRequest(files.source, files.output, {"model": "does/m"}))
        running = asyncio.ensure_future(batch.run())
        while not batch.progress.in_flight:
            await asyncio.sleep(0.005)
        with pytest.raises(BatchError, match="is being written by another run"):
            await runtime.batch(files.source, files.output, model="does/m")
        batch.cancel()
        await running


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"concurrency": 0}, "concurrency"),
        ({"rpm": 0}, "rpm"),
        ({"tpm": float("nan")}, "tpm"),
        ({"budget": "5"}, "budget"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"retry_failed": 1}, "retry_failed"),
        ({"model": 5}, "model"),
        ({"max_tokens": "5"}, "options.max_tokens"),
    ],
)
async def test_a_wrong_argument_is_named(make_runtime, files, arguments, part):
    files.ask("say")
    async with make_runtime() as runtime:
        with pytest.raises(InvalidRequest, match=part):
            await runtime.batch(files.source, files.output, **{"model": "does/m", **arguments})
    assert not files.output.exists()


def test_the_synchronous_runtime_runs_batches(make_runtime, files):
    from modelwire.runtime import SyncRuntime

    files.ask("say 1")
    with SyncRuntime(make_runtime()) as runtime:
        assert runtime.batch(files.source, files.output, model="does/m").answered == 1


async def test_a_given_quota_is_not_exceeded(make_runtime, files):
    """However busy the machine is, the rows beyond the slack take their time."""
    files.ask(*(f"say {index}" for index in range(30)))
    async with make_runtime() as runtime:
        done = await runtime.batch(files.source, files.output, model="does/m", rpm=1200)
    assert done.answered == 30
    assert done.seconds >= (30 - 1 - 9) / 20
