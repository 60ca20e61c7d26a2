"""The first streams of a process import nothing on the event loop, and wait there for no import.

Each case is a fresh process, since a module is imported once. Nothing is measured: a finder sees every
import, and a module that a thread imports stands still until the loop has turned.
"""

import json
import operator
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from extensive_tests import partly_extensive
from long_runs import scaled
from wires import WIRES

from modelwire.testing import Reply, ScriptedAnswer, WireServer
from modelwire_bedrock.emulator import CREDENTIALS, Emulator, Text
from modelwire_local.models import find_weights

PROGRAM = Path(__file__).parents[1] / "support" / "first_burst.py"
STREAMS = scaled(128, 256)
INTERLEAVED = scaled(256, 700)
"""Streams where one begins in the middle of each import; in a long run, of each of the 660 or less."""

FEW_WIRES = partly_extensive(
    WIRES,
    lambda wire: wire.api != "bedrock-converse-stream",
    "each API starts a process with hundreds of streams",
    name=str,
)

pytestmark = pytest.mark.timeout(300)


def first_burst(document, ref, folder, *, environ=None, path=(), **said):
    """Run the program; what it saw."""
    entries = {
        "recordings": {
            "config": {"mode": "record-missing", "directory": str(folder / "recordings")}
        }
    }
    task = {
        "document": {**document, "plugins": {"entries": entries}},
        "environ": {"HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true", **(environ or {})},
        "folder": str(folder),
        "ref": ref,
        "streams": STREAMS,
        "attempts": 1,
        "interleave": False,
        "patience": 60,
        **said,
    }
    done = subprocess.run(
        [sys.executable, str(PROGRAM)],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([*path, os.environ.get("PYTHONPATH", "")]),
            # So that each stream is recorded; the SDK is imported when its providers are needed.
            "OTEL_PYTHON_TRACER_PROVIDER": "sdk_tracer_provider",
            "OTEL_PYTHON_METER_PROVIDER": "sdk_meter_provider",
        },
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextmanager
def served(wire, *first):
    """The configuration of the conformance kit's server, which sends these replies first, and then answers."""
    kit = wire.kit

    def listed(request):
        special = kit.aside(request)
        return special or (kit.listing(["a", "b"]) if request.method == "GET" else None)

    with WireServer(listed) as server:
        server.script(*first)
        server.always(kit.reply(kit.bodies(ScriptedAnswer("Yes."))))
        provider = {**kit.settings(server.url, "sk-test"), "api": wire.api}
        document = {"models": {"providers": {wire.ref.partition("/")[0]: provider}}}
        yield document, dict(kit.environ(server.url, "sk-test"))


@contextmanager
def emulated():
    """Bedrock, as its emulator is."""
    with Emulator() as emulator:
        emulator.answer([Text("Yes.")], times=None)
        keys = {
            "accessKeyId": CREDENTIALS.access_key_id,
            "secretAccessKey": CREDENTIALS.secret_access_key,
        }
        provider = {"baseUrl": emulator.url, "region": "us-east-1", **keys}
        yield {"models": {"providers": {"amazon-bedrock": provider}}}, {}


@pytest.mark.parametrize(
    "interleave",
    partly_extensive(
        [False, True],
        operator.not_,
        "a stream that begins at each import begins after all of them too",
        name=["at once", "interleaved"].__getitem__,
    ),
)
@pytest.mark.parametrize("wire", FEW_WIRES)
def test_a_first_burst_imports_nothing_on_the_loop_and_waits_for_no_import(
    wire, interleave, tmp_path
):
    streams = INTERLEAVED if interleave else STREAMS
    service = emulated() if wire.aws else served(wire)
    with service as (document, environ):
        seen = first_burst(
            document, wire.ref, tmp_path, environ=environ, interleave=interleave, streams=streams
        )
    assert seen["imports"] == []
    assert seen["held"] == []
    assert seen["outcomes"] == {"answer": streams}
    # The models of Amazon Bedrock are listed by its control plane, which this server is not.
    assert wire.signed or seen["listed"] > 1
    assert seen["traced"]
    assert len(list((tmp_path / "recordings").iterdir())) == streams
    if interleave:
        assert seen["interleaved"] > 100


@pytest.mark.extensive("the embedded model answers one prompt after another")
def test_a_first_burst_of_the_embedded_model_does_so_too(tmp_path):
    if find_weights() is None:
        pytest.skip("the weights of the embedded model are not installed")
    streams = scaled(32, 256)  # it answers one prompt after another
    seen = first_burst(
        {}, "local/smollm2-135m-instruct", tmp_path, interleave=True, streams=streams
    )
    assert (seen["imports"], seen["held"]) == ([], [])
    assert seen["outcomes"] == {"answer": streams}
    assert seen["interleaved"] > 100


@pytest.mark.parametrize("wire", FEW_WIRES)
def test_a_first_burst_that_fails_imports_nothing_on_the_loop_either(wire, tmp_path):
    kit = wire.kit
    bodies = kit.bodies(ScriptedAnswer("This is cut."))
    page = Reply([b"<html><p>Bad&nbsp;gateway</html>"], 502, {"Content-Type": "text/html"})
    date = {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}
    faults = [
        kit.refuse(429, "Slow down.", headers=date),
        page,
        kit.refuse(401, "Who are you?"),
        kit.refuse(403, "You may not."),
        kit.refuse(404, "There is no such model."),
        kit.refuse(400, "That is not valid."),
        kit.reply([kit.encode(kit.failure("It failed."))]),
        kit.reply(bodies[:-2], end="cut"),
        kit.reply([kit.garbage()]),
        kit.reply([], end="reset"),
        Reply([b"<html>Log in</html>"], headers={"Content-Type": "text/html"}),
    ]
    with served(wire, *faults) as (document, environ):
        seen = first_burst(
            document, wire.ref, tmp_path, environ=environ, streams=len(faults), attempts=2
        )
    assert seen["imports"] == []
    assert seen["outcomes"].pop("answer") > 0
    assert len(seen["outcomes"]) > 3, seen


CARELESS = """
from modelwire.hookspecs import hookimpl

@hookimpl
def stream_completion(model):
    from careless_part import answer
    return answer(model)
"""
IN_A_THREAD = """
import asyncio, importlib, sys
from modelwire.hookspecs import hookimpl

@hookimpl
def stream_completion(model):
    if "careless_part" in sys.modules:
        return importlib.import_module("careless_part").answer(model)
    return imported_first(model)

async def imported_first(model):
    part = await asyncio.to_thread(importlib.import_module, "careless_part")
    async for delta in part.answer(model):
        yield delta
"""
PART = """
from modelwire.events import Stop, TextDelta
from modelwire.messages import StopReason

async def answer(model):
    yield TextDelta(0, model.id)
    yield Stop(StopReason.STOP)
"""


@pytest.fixture
def careless(tmp_path):
    """Installs a plugin that does not warm up."""
    home = tmp_path / "site-packages"

    def install(source):
        info = home / "careless-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: careless\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            "[modelwire.providers]\ncareless = careless_plugin\n"
        )
        (home / "careless_plugin.py").write_text(source)
        (home / "careless_part.py").write_text(PART)
        return [str(home)]

    return install


def test_an_import_on_the_loop_is_seen(careless, tmp_path):
    seen = first_burst({}, "careless/m", tmp_path, path=careless(CARELESS), streams=2)
    assert seen["imports"] == ["careless_part"]
    assert seen["outcomes"] == {"answer": 2}


def test_a_loop_that_waits_for_an_import_of_a_thread_is_seen(careless, tmp_path):
    said = {
        "path": careless(IN_A_THREAD),
        "interleave": True,
        "patience": 6,  # a busy machine may need seconds for a turn of the loop
        "streams": INTERLEAVED,
    }
    seen = first_burst({}, "careless/m", tmp_path, **said)
    assert (seen["imports"], seen["held"]) == ([], ["careless_part"])
    assert seen["outcomes"] == {"answer": INTERLEAVED}
