"""A process that has used modelwire is forked: child and parent both go on, and share no connection."""

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import ExitStack

import pytest
from forked import Child, forked
from leaks import open_sockets
from openai_answers import chat_frames
from sse_server import Play, SseServer

from modelwire.authoring import SingleFlight
from modelwire.errors import Cancelled, SessionError
from modelwire.forks import importing
from modelwire.messages import UserMessage
from modelwire.runtime import Runtime, SyncRuntime
from modelwire.sessions import Session
from modelwire.transport import Deadlines
from modelwire_bedrock.aws.clients import shared_clients
from modelwire_bedrock.emulator import Emulator, Fault

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.timeout(240),
]

LIMITS = Deadlines(total=40)
LONG = [str(number % 10) for number in range(400)]


def play_for(body):
    """A question `long` gets an answer of 400 pieces, and any other one of two."""
    text = str(body["messages"][-1]["content"])
    if "stall" in text:
        return Play(chat_frames(["wait"]), Fault("stall", after=2))
    return Play(chat_frames(LONG), pace=0.002) if "long" in text else Play(chat_frames(["a", "b"]))


@pytest.fixture
def server():
    with SseServer(choose=play_for) as server:
        yield server


def config_of(server):
    provider = {
        "baseUrl": server.url,
        "api": "openai-completions",
        "apiKey": "k",
        "models": [{"id": "m"}],
    }
    return {"models": {"providers": {"here": provider}}}


@pytest.fixture
def runtime(server, tmp_path):
    with SyncRuntime.from_config(
        config_of(server), environ={}, cache_directory=tmp_path / "cache"
    ) as runtime:
        yield runtime


def ask(runtime, text="hi"):
    return runtime.complete(text, model="here/m", deadlines=LIMITS).text


def test_a_runtime_that_was_used_before_works_in_the_child(runtime, server):
    assert ask(runtime) == "ab"
    before = server.connections
    assert forked(lambda: (ask(runtime), ask(runtime))) == ("ab", "ab")
    # The child took a connection of its own for its two requests, and the parent still has its one.
    assert server.connections == before + 1
    assert ask(runtime) == "ab"
    assert server.connections == before + 1


def test_a_runtime_that_was_not_used_before_works_in_several_children_at_a_time(runtime):
    children = [Child(lambda: [ask(runtime) for _ in range(20)]) for _ in range(3)]
    assert [child.result() for child in children] == [["ab"] * 20] * 3
    assert ask(runtime) == "ab"


def test_the_child_holds_no_socket_of_the_parents(runtime):
    assert ask(runtime) == "ab"
    stream = runtime.stream("long", model="here/m", deadlines=LIMITS)
    next(stream)

    def count():
        ask(runtime)
        runtime.close()
        return open_sockets()

    others = open_sockets_of_others(runtime)
    assert forked(count) == others
    assert "".join(stream.texts()) == "".join(LONG)


def open_sockets_of_others(runtime):
    """The sockets that are open in a child before it uses modelwire: those of the test's server."""
    return forked(open_sockets)


def test_the_parents_streams_go_on_unharmed_by_children(runtime):
    stream = runtime.stream("long", model="here/m", deadlines=LIMITS)
    texts = stream.texts()
    got = [next(texts)]
    children = []
    for text in texts:
        got.append(text)
        if len(got) % 50 == 0:
            children.append(Child(lambda: ask(runtime, "long")))
    assert "".join(got) == "".join(LONG)
    assert [child.result() for child in children] == ["".join(LONG)] * len(children)
    assert len(children) > 5


def test_a_fork_from_a_thread_while_other_threads_ask(runtime):
    answers = []
    asking = [
        threading.Thread(target=lambda: answers.append(ask(runtime, "long"))) for _ in range(4)
    ]
    children = []
    forking = threading.Thread(
        target=lambda: children.extend(Child(lambda: ask(runtime)) for _ in range(6))
    )
    for thread in (*asking, forking):
        thread.start()
    for thread in (*asking, forking):
        thread.join()
    assert [child.result() for child in children] == ["ab"] * 6
    assert answers == ["".join(LONG)] * 4


def test_the_parent_closes_its_connection_though_a_child_lives(runtime, server):
    """A service sees a client leave only when the last process has let go of the socket."""
    with runtime.stream("stall", model="here/m", deadlines=LIMITS) as stream:
        next(stream)
        release, released = os.pipe()
        child = Child(lambda: os.read(release, 1))
    try:
        ends = time.monotonic() + 60
        while server.requests[-1].end is None and time.monotonic() < ends:
            time.sleep(0.005)
        assert server.requests[-1].end == "client_left"
    finally:
        os.write(released, b"x")
        assert child.result() == b"x"


def test_a_stream_of_the_parents_says_so_in_the_child(runtime):
    stream = runtime.stream("long", model="here/m", deadlines=LIMITS)
    texts = stream.texts()
    next(texts)

    def read():
        stream._arrived.clear()  # what came before the fork is the child's as well
        try:
            next(texts)
        except Cancelled as error:
            stream.cancel()
            stream.close()
            return str(error), ask(runtime)

    assert forked(read) == (
        "The stream was started in the parent process, before the fork.",
        "ab",
    )
    assert len(list(texts)) == len(LONG) - 1


def test_closing_in_the_child_leaves_the_parents_alone(runtime):
    stream = runtime.stream("long", model="here/m", deadlines=LIMITS)
    texts = stream.texts()
    first = next(texts)
    assert forked(runtime.close) is None
    assert first + "".join(texts) == "".join(LONG)


@pytest.mark.extensive("it starts a program for each way in which a child ends")
def test_a_child_that_ends_like_any_program_says_nothing(server, tmp_path):
    """Without `os._exit`, everything that the child inherited is taken apart at its end."""
    program = f"""
        import os, sys
        from modelwire import SyncRuntime
        runtime = SyncRuntime.from_config({config_of(server)!r}, environ={{}})
        runtime.complete("hi", model="here/m")
        stream = runtime.stream("long", model="here/m")
        texts = stream.texts()
        got = next(texts)
        child = os.fork()
        if not child:
            if len(sys.argv) > 1:
                print(runtime.complete("hi", model="here/m").text, flush=True)
            sys.exit(3)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(status, len(got + "".join(texts)), runtime.complete("hi", model="here/m").text)
    """
    for arguments, printed in (((), ""), (("ask",), "ab\n")):
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program), *arguments],
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert (done.stdout, done.stderr) == (f"{printed}3 400 ab\n", "")


def test_an_asynchronous_runtime_is_used_on_both_sides(server, tmp_path):
    runtime = Runtime.from_config(config_of(server), environ={}, cache_directory=tmp_path / "cache")

    async def complete():
        return (await runtime.complete("long", model="here/m", deadlines=LIMITS)).text

    def child():
        return asyncio.run(complete())

    async def parent():
        task = asyncio.create_task(complete())
        while not server.requests or server.requests[-1].end is not None:
            await asyncio.sleep(0.001)
        started = Child(child)  # in the middle of an answer, from the loop's own thread
        mine = await task
        again = await complete()
        return mine, again, await asyncio.to_thread(started.result)

    assert set(asyncio.run(parent())) == {"".join(LONG)}
    assert forked(child) == "".join(LONG)


def test_work_that_is_under_way_in_the_parent_is_begun_again_in_the_child():
    flights = SingleFlight()
    begun, go_on = threading.Event(), threading.Event()

    def work():
        begun.set()
        go_on.wait()
        return os.getpid()

    there = flights.start("key", work)
    begun.wait()
    with flights._lock:  # as another thread might hold it
        child = Child(lambda: flights.start("key", os.getpid).result(30))
    assert child.result() == child.pid
    go_on.set()
    assert there.result() == os.getpid()


def test_locks_that_other_threads_hold_do_not_stop_the_child(runtime):
    assert ask(runtime) == "ab"
    registry, transport, loop = runtime.registry, runtime.transport, runtime._loop
    owner = registry.owner("here")
    locks = [registry._making, owner.warming, transport._preparing, loop._taking_on]
    locks.append(transport._sessions._lock)
    held, release = threading.Event(), threading.Event()

    def hold():
        with ExitStack() as all_of_them:
            for lock in locks:
                all_of_them.enter_context(lock)
            held.set()
            release.wait()

    holding = threading.Thread(target=hold)
    holding.start()
    held.wait()

    def child():
        for lock in locks:
            with lock:
                pass
        return ask(runtime)

    try:
        assert forked(child) == "ab"
    finally:
        release.set()
        holding.join()


def test_a_fork_waits_for_imports_of_other_threads():
    """A child cannot import what another thread was half-way through."""
    begun, finished = threading.Event(), []

    def work():
        with importing():
            begun.set()
            time.sleep(0.2)
            finished.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    assert forked(lambda: list(finished)) == [True]
    thread.join()


def test_a_fork_inside_of_an_import_does_not_wait_for_itself():
    with importing():
        assert forked(lambda: "quick") == "quick"


@pytest.mark.extensive("it forks at many moments")
def test_the_first_use_may_be_forked_at_any_moment(server):
    """Imports, locks and connections are all met half done; each program forks a little later."""
    program = f"""
        import os, sys, threading, time
        from modelwire import SyncRuntime
        runtime = SyncRuntime.from_config({config_of(server)!r}, environ={{}})
        ask = lambda: runtime.complete("hi", model="here/m").text
        thread = threading.Thread(target=ask)
        thread.start()
        children = []
        for _ in range(8):
            time.sleep(0.03)
            child = os.fork()
            if not child:
                os._exit(0 if ask() == "ab" else 1)
            children.append(child)
        thread.join()
        ends = time.monotonic() + 60
        for child in children:
            while (done := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < ends:
                time.sleep(0.01)
            if done == (0, 0):
                os.kill(child, 9)
                done = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(done[1]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert (done.stdout, done.stderr) == ("0\n" * 8, "")


def test_bedrock_works_in_the_child_whatever_the_parents_credentials_do(tmp_path):
    with Emulator() as emulator:
        config = {"models": {"bedrockDiscovery": {"enabled": False}}}
        with SyncRuntime.from_config(
            config, environ=emulator.environ(), cache_directory=tmp_path / "cache"
        ) as runtime:

            def complete():
                emulator_model = "amazon-bedrock/amazon.nova-lite-v1:0"
                return runtime.complete("hi", model=emulator_model, deadlines=LIMITS).text

            said = complete()
            clients = shared_clients()
            making = [held.making for held in clients._sessions.values()]
            assert making
            with clients._lock, making[0]:  # as threads of the parent might hold them
                child = Child(complete)
            assert child.result() == said
            assert complete() == said


def test_a_session_stays_the_parents(tmp_path):
    with Session.create(tmp_path / "s.jsonl", cwd="/") as session:
        session.add(UserMessage("one"))

        def child():
            with pytest.raises(SessionError, match="parent process"):
                session.add(UserMessage("of the child"))
            session.close()

        forked(child)
        with pytest.raises(SessionError, match="in use by another program"):
            Session.open(tmp_path / "s.jsonl")
        session.add(UserMessage("two"))
    with Session.open(tmp_path / "s.jsonl") as session:
        assert len(session.conversation().messages) == 2
