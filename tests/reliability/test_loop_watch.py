"""The watch over the event loop sees what blocks it, and is not deceived by what does not."""

import textwrap
from pathlib import Path

import pytest
from lean_pytest import environ_with
from loop_watch import is_watched

pytest_plugins = ["pytester"]

SUPPORT = Path(__file__).parents[1] / "support"

TESTS = {
    "computing in our code": (
        """
        from modelwire.transport import SseDecoder

        async def test_it():
            SseDecoder().feed(b"data: x\\n" * 400_000)
        """,
        "ms of computing in SseDecoder",
    ),
    "one long call of C in our code": (
        """
        from modelwire.transport import retry

        async def test_it():
            policy = retry.RetryPolicy(max_attempts=2)
            error = type("E", (), {"retryable": True, "retry_after": 0})()
            retry.delay_before(policy, 1, error, random=lambda: sum(range(20_000_000)) and 0.5)
        """,
        "ms of computing in delay_before",
    ),
    "a pause of the machine in our code": (
        """
        import signal, time
        from modelwire.transport import retry

        async def test_it(monkeypatch):
            clock, paused = time.thread_time, []

            def pause():
                paused.append(0.1)  # a pause is counted, but the timer goes off once
                signal.raise_signal(signal.SIGVTALRM)
                return 0.5

            monkeypatch.setattr(time, "thread_time", lambda: clock() + sum(paused))
            policy = retry.RetryPolicy(max_attempts=2)
            error = type("E", (), {"retryable": True, "retry_after": 0})()
            retry.delay_before(policy, 1, error, random=pause)
            assert paused
        """,
        None,
    ),
    "waiting in our code": (
        """
        import time
        from modelwire.transport import retry

        async def test_it(monkeypatch):
            # As if the code between two tries slept as a thread does.
            policy = retry.RetryPolicy(max_attempts=2)
            error = type("E", (), {"retryable": True, "retry_after": 0})()
            retry.delay_before(policy, 1, error, random=lambda: time.sleep(0.001) or 0.5)
        """,
        "time.sleep in delay_before",
    ),
    "computing in the test's own code": (
        """
        async def test_it():
            sum(number * number for number in range(2_000_000))
        """,
        None,
    ),
    "computing in our code off the loop": (
        """
        import asyncio
        from modelwire.transport import SseDecoder

        async def test_it():
            await asyncio.to_thread(SseDecoder().feed, b"data: x\\n" * 400_000)
        """,
        None,
    ),
    "a reason": (
        """
        import pytest
        from modelwire.transport import SseDecoder

        @pytest.mark.may_block("this is what is measured")
        async def test_it():
            SseDecoder().feed(b"data: x\\n" * 400_000)
        """,
        None,
    ),
}


@pytest.mark.parametrize(("source", "said"), TESTS.values(), ids=TESTS)
def test_what_blocks_the_loop_is_named(pytester, monkeypatch, source, said):
    for name, value in environ_with(["pytest_asyncio.plugin"]).items():
        monkeypatch.setenv(name, value)
    suite = pytester.mkdir("core") / "tests"
    suite.mkdir()
    (suite / "test_it.py").write_text(textwrap.dedent(source))
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function")
    pytester.makeconftest(
        f"import sys; sys.path.insert(0, {str(SUPPORT)!r})\npytest_plugins = ['loop_watch']"
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    if said is None:
        result.assert_outcomes(passed=1)
    else:
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines([f"*{said}*"])


def test_the_tests_of_every_plugin_and_integration_are_watched():
    root = SUPPORT.parents[1]
    watched = sorted([*root.glob("plugins/*/tests"), *root.glob("integrations/*/tests")])
    assert len(watched) >= 7
    assert [str(tests) for tests in watched if not is_watched(tests / "test_it.py")] == []
    assert is_watched(Path(__file__))
    assert not is_watched(SUPPORT.parent / "test_help.py")
