"""Programs that end while the model computes end quietly: no hang, no crash, nothing on stderr."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.usefixtures("weights")

START = """
import asyncio, os, sys, threading
from attrs import evolve
from modelwire.config import ProviderConfig
from modelwire.events import TextDelta
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context, UserMessage
from modelwire_local import plugin
from modelwire_local.discovery import embedded_model

def stream(tokens=2000):
    return plugin.stream_completion(
        model=evolve(embedded_model("local"), context_window=4096),
        context=Context([UserMessage("Write a long story.")]),
        options=CompletionOptions(max_tokens=tokens, params={"ignore_eos": True}),
        provider=ProviderConfig(id="local"),
    )

async def first_text(deltas):
    async for delta in deltas:
        if isinstance(delta, TextDelta):
            print("text", flush=True)
            return
"""


def start(body):
    program = START + textwrap.dedent(body)
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", program], stdout=pipe, stderr=pipe, text=True)


def run(body):
    return outcome(start(body))


def outcome(process):
    try:
        output, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, output, errors


@pytest.mark.extensive("it loads the model in a program of its own")
def test_leaving_the_loop_in_the_middle_of_an_answer():
    assert run("asyncio.run(first_text(stream()))") == (0, "text\n", "")


def test_exiting_in_the_middle_of_an_answer():
    body = """
        async def main():
            await first_text(stream())
            sys.exit(3)
        asyncio.run(main())
    """
    assert run(body) == (3, "text\n", "")


@pytest.mark.extensive("it loads the model in a program of its own")
def test_closing_the_loop_under_an_answer():
    body = """
        loop = asyncio.new_event_loop()
        deltas = stream()
        loop.run_until_complete(first_text(deltas))
        loop.close()
    """
    status, output, _ = run(body)
    assert (status, output) == (0, "text\n")


@pytest.mark.extensive("it loads the model in a program of its own")
def test_ending_while_another_thread_listens():
    body = """
        begun = threading.Event()
        async def listen():
            deltas = stream()
            await first_text(deltas)
            begun.set()
            async for _ in deltas:
                pass
        threading.Thread(target=asyncio.run, args=(listen(),), daemon=True).start()
        begun.wait()
    """
    assert run(body) == (0, "text\n", "")


@pytest.mark.extensive("it loads the model in a program of its own")
def test_ending_after_the_answer():
    assert run("asyncio.run(first_text(stream(1)))") == (0, "text\n", "")


@pytest.mark.extensive("it loads the model in a program of its own")
def test_letting_go_of_a_model_that_has_not_answered_yet():
    body = """
        from modelwire_local.models import find_weights
        from modelwire_local.load import load_model
        from modelwire_local.settings import EngineSettings
        for _ in range(8):
            load_model(EngineSettings(find_weights(), 512, 1, embedded=False))
    """
    assert run(body) == (0, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_an_interrupt_ends_the_program_at_once():
    # Where the tests run in the background, interrupts are ignored, and Python leaves it at that.
    body = """
        import signal
        signal.signal(signal.SIGINT, signal.default_int_handler)
        async def main():
            deltas = stream()
            await first_text(deltas)
            async for _ in deltas:
                pass
            print("not interrupted")
        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            sys.exit(130)
    """
    process = start(body)
    assert process.stdout.readline() == "text\n"
    process.send_signal(signal.SIGINT)
    assert outcome(process) == (130, "", "")


def answer_in_a_fork(before):
    return f"""
        import warnings
        from modelwire.errors import PluginError
        warnings.simplefilter("ignore", DeprecationWarning)
        async def answer():
            async for _ in stream(2):
                pass
        {before}
        child = os.fork()
        try:
            asyncio.run(answer())
        except PluginError as error:
            # As multiprocessing ends its children. A whole exit would run the destructors of the
            # engine's library, which wait for threads that are not there.
            os._exit(7 if error.code == "plugin" else 1)
        if child:
            _, status = os.waitpid(child, 0)
            sys.exit(os.waitstatus_to_exitcode(status))
    """


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.mark.extensive("it loads the model in a program of its own")
@needs_fork
def test_a_fork_of_a_process_with_a_model_reports_that_it_has_none():
    assert run(answer_in_a_fork("asyncio.run(answer())")) == (7, "", "")


@pytest.mark.extensive("it loads the model in a program of its own")
@needs_fork
def test_a_fork_of_a_process_without_a_model_loads_its_own():
    assert run(answer_in_a_fork("")) == (0, "", "")
