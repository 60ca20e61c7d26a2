"""No secret in anything that is said or kept, however things fail.

Every credential that a user can give bears a mark of its own. Every command and every failure is run
with them, against a service that repeats what it was given in whatever it says; then the marks are
looked for in all output, logs, files, exceptions and reprs.
"""

import base64
import json
import logging
import os
import pickle
import traceback
from contextlib import ExitStack
from urllib.parse import quote

import preloaded
import pytest
from attrs import asdict
from each_wire import EACH_WIRE
from extensive_tests import partly_extensive
from long_runs import is_long
from repeating_server import RepeatingServer
from wires import WIRES
from within import places_of

from modelwire import Runtime
from modelwire.errors import ModelwireError
from modelwire.redaction import HIDDEN
from modelwire.transport import Deadlines, RetryPolicy
from modelwire_bedrock.emulator import Fault

MARK = "m4rk3d"
"""What every secret here has in it, and nothing else."""


def _base64(text):
    return base64.b64encode(text.encode()).decode()


TOLD = {
    "as it came": str,
    "in upper case": str.upper,
    "percent-encoded": lambda value: quote(value, safe=""),
    "escaped as JSON": lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
    "in Base64": _base64,
    "in Base64 without its scheme": lambda value: _base64(value.rpartition(" ")[2]),
    "in Base64 with a user": lambda value: _base64(f"user:{value.rpartition(' ')[2]}"),
}
"""The forms in which a service may repeat a credential."""

# What of the mark stands in Base64, wherever it begins there.
MARKS = (MARK, MARK.upper(), _base64(MARK), _base64(f"?{MARK}")[2:9], _base64(f"??{MARK}")[3:10])

WAYS = ("refusal", "page", "event")
MORE_WAYS = ("welcome", "broken event", "no http")
QUICK = Deadlines(connect=5, first_byte=5, idle=5)


def provider(wire, url):
    return {
        "api": wire.api,
        "baseUrl": url,
        "headers": {"x-marked": f"{MARK}-/header+"},
        "models": [{"id": "some-model", "name": "Some"}],
        **wire.credentials(MARK),
    }


def document(url):
    providers = {f"p-{number}": provider(wire, url) for number, wire in enumerate(WIRES)}
    login = url.replace("://", f"://usr:{MARK}-of-the-url@")
    providers |= {f"q-{number}": provider(wire, login) for number, wire in enumerate(WIRES)}
    return {
        "models": {"providers": providers},
        "agents": {"defaults": {"model": {"primary": "p-1/some-model"}}},
    }


def environment(home, url):
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "MODELWIRE_CONFIG": str(home / "modelwire.json5"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": f"{MARK}-secret-of-the-environment-0123456789",
        "AWS_SESSION_TOKEN": f"{MARK}-token-of-the-environment",
        "OPENAI_API_KEY": f"sk-{MARK}-0123456789",
        "OPENAI_BASE_URL": f"{url}/v1",
        "ANTHROPIC_API_KEY": f"sk-ant-{MARK}-0123456789",
        "ANTHROPIC_BASE_URL": url,
        "SETUP_KEY": f"sk-{MARK}-of-the-setup",
    }


COMMANDS = [
    ("models", "list"),
    ("models", "list", "--json"),
    ("models", "status"),
    ("models", "status", "--json"),
    ("models", "status", "--probe"),
    ("models", "refresh"),
    ("models", "explain", "p-1/some-model"),
    ("models", "explain", "q-1/some-model"),
    *(("models", "explain", "--json", f"q-{number}/some-model") for number in range(len(WIRES))),
    ("config", "get", "models.providers.q-1.baseUrl"),
    ("models", "aliases", "list"),
    ("plugins", "list"),
    ("config", "get"),
    ("config", "get", "--json"),
    ("config", "get", "models.providers.p-1"),
    ("config", "get", "models.providers.p-1.apiKey"),
    ("config", "get", "models.providers.p-1.headers"),
    ("config", "validate"),
    ("config", "file"),
    ("config", "set", "models.providers.p-1.apiKey", f"{MARK}-written"),
    ("config", "set", "models.providers.p-1.apiKey", f'["{MARK}-not-valid"]'),
    ("config", "patch", "--stdin"),
    ("doctor",),
    ("doctor", "--json"),
    *(("complete", "--model", f"p-{number}/some-model", "hi") for number in range(len(WIRES))),
    ("complete", "--model", "anthropic/claude-haiku-4-5", "hi"),
    ("complete", "--model", "openai/gpt-x", "hi"),
    ("complete", "--model", "amazon-bedrock/us.amazon.nova-lite-v1:0", "hi"),
    ("complete", "--events", "--model", "p-1/some-model", "hi"),
    *(
        ("complete", "--dry-run", "--model", f"p-{number}/some-model", "hi")
        for number in range(len(WIRES))
    ),
    ("chat", "--model", "p-1/some-model", "--session", "talk.jsonl", "hi"),
    ("chat", "--model", "p-3/some-model", "--session", "talk.jsonl"),
    ("setup", "--yes", "--provider", "openai", "--api-key-env", "SETUP_KEY", "--json"),
    ("setup", "--yes", "--provider", "amazon-bedrock"),
    ("setup", "--yes", "--provider", "anthropic"),
    ("models", "set", "p-1/some-model"),
    ("models", "fallbacks", "add", "p-0/some-model"),
    ("models", "aliases", "add", "mine", "p-1/some-model"),
    ("config", "unset", "models.providers.p-1.apiKey"),
    ("config", "schema"),
    ("completion", "bash"),
    ("plugin", "new", "house"),
    ("local", "status"),
    ("recordings", "list"),
]

PATCH = f'{{models: {{providers: {{"p-1": {{apiKey: "{MARK}-patched"}}}}}}}}'.encode()

WRITING = {("config", "set"), ("config", "patch"), ("config", "unset"), ("models", "set")} | {
    ("setup", "--yes"),
    ("models", "fallbacks"),
    ("models", "aliases"),
}
"""Commands that change the configuration."""


ASKING = [arguments for arguments in COMMANDS if arguments[:2] == ("complete", "--model")]
"""The commands whose answer is the service's; the others hardly see in which way it fails."""


def found_in(folder):
    """The files that hold a mark, but for the configuration that the user wrote, and its lock."""
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file()
        and not path.name.startswith(("modelwire.json5", ".modelwire.json5"))
        and any(mark.encode() in path.read_bytes() for mark in MARKS)
    ]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "way", partly_extensive(WAYS, "refusal".__eq__, "it starts some seventy programs")
)
def test_no_command_shows_or_keeps_a_secret(tmp_path, way):
    loud = {"refusal": ("--debug",), "page": ("--verbose", "--debug"), "event": ()}[way]
    with RepeatingServer(way) as server:
        (tmp_path / "modelwire.json5").write_text(json.dumps(document(server.url)))
        environ = environment(tmp_path, server.url)
        running = []
        for number, arguments in enumerate(COMMANDS):
            if way != "refusal" and arguments not in ASKING and not is_long():
                continue
            if arguments[:2] in WRITING:
                # These change the file, so they have one of their own.
                own = tmp_path / f"modelwire.json5-{number}"
                own.write_text(json.dumps(document(server.url)))
                mine = {**environ, "MODELWIRE_CONFIG": str(own)}
            else:
                mine = environ
            done = preloaded.run(
                [*loud, *arguments],
                env=mine,
                cwd=tmp_path,
                given=PATCH if "--stdin" in arguments else b"hi\n/cost\n",
            )
            running.append((arguments, done.returncode, done.stdout + done.stderr))
        assert any(MARK in head for head in server.requests)  # or nothing was at stake
    told = [(arguments, said) for arguments, _, said in running if MARK.encode() in said]
    assert not told
    assert not found_in(tmp_path)
    # A secret that is shown nowhere because nothing works would prove nothing.
    worked = {arguments[0] for arguments, code, _ in running if code == 0}
    expected = {"models", "plugins", "config", "complete", "plugin", "local", "recordings"}
    assert way != "refusal" or expected <= worked


def marked(text):
    """Whether a mark stands in a text, in any form."""
    return any(mark in text for mark in MARKS)


def whole(error):
    """Everything that can be seen of an exception and of all behind it, attributes included."""
    assert [place for mark in MARKS for place in places_of(mark, error)] == []
    seen, rest, parts = set(), [error], []
    while rest:
        one = rest.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        parts += [str(one), repr(one), repr(one.args)]
        parts += [repr(note) for note in getattr(one, "__notes__", ())]
        rest += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
        partial = getattr(one, "partial", None)
        if partial is not None:
            parts.append(repr(asdict(partial)))
    return "\n".join([*parts, *traceback.format_exception(error)])


@pytest.fixture
def logged():
    """Everything that anybody logs, at every level."""
    kept = []

    class Keeper(logging.Handler):
        def emit(self, record):
            kept.append(self.format(record) + repr(record.args))

    root, keeper = logging.getLogger(), Keeper()
    level = root.level
    root.addHandler(keeper)
    root.setLevel(logging.DEBUG)
    yield kept
    root.removeHandler(keeper)
    root.setLevel(level)


@pytest.mark.parametrize(
    "login",
    partly_extensive(
        ["", f"usr:{MARK}-of-the-url@"],
        bool,
        "it repeats each failure with another secret",
        name=lambda login: login and "login",
    ),
)
@pytest.mark.parametrize("wire", EACH_WIRE)
@pytest.mark.parametrize(
    ("way", "form"),
    [
        *((way, "as it came") for way in (*WAYS, *MORE_WAYS)),
        *((way, form) for way in WAYS for form in list(TOLD)[1:]),
        *(("welcome", form) for form in ("in upper case", "in Base64")),
    ],
)
async def test_no_failure_of_a_service_tells_a_secret(tmp_path, logged, wire, way, form, login):
    with RepeatingServer(way, TOLD[form]) as server:
        url = server.url.replace("://", f"://{login}")
        settings = {"models": {"providers": {"acme": provider(wire, url)}}}
        runtime = Runtime.from_config(
            settings,
            environ={"HOME": str(tmp_path)},
            retries=RetryPolicy(max_attempts=2, base=0),
            cache_directory=tmp_path,
        )
        async with runtime:
            with pytest.raises(ModelwireError) as caught:
                await runtime.complete("hi", model="acme/some-model", deadlines=QUICK)
            shown = [whole(caught.value)]
            listing = await runtime.catalog.listing("acme", refresh=True)
            shown += [repr(listing), whole(listing.error) if listing.error else ""]
            stream = runtime.stream("hi", model="acme/some-model")
            planned = await runtime.dry_run("hi", model="acme/some-model")
            things = (runtime, runtime.config, stream, planned, runtime.transport, runtime.catalog)
            shown += [repr(thing) for thing in things]
            shown += [repr(planned.request), repr(runtime.registry.provider_config("acme"))]
            shown += [repr(await runtime.resolve("acme/some-model")), repr(planned.model)]
    # A login goes out in base64, and beside a key it does not go out at all.
    assert login or any(MARK in head for head in server.requests)
    assert [text for text in shown if marked(text)] == []
    assert [text for text in logged if marked(text)] == []
    assert not found_in(tmp_path)
    request_id = getattr(caught.value, "request_id", None)
    assert login or request_id is None or (HIDDEN in request_id) == (way != "no http")
    with pytest.raises(ModelwireError) as again:
        raise pickle.loads(pickle.dumps(caught.value))
    whole(again.value)


class EchoingServer(RepeatingServer):
    """Answers as it should, and repeats credentials in all that it says of its answers."""

    def __init__(self, wire, told):
        super().__init__("answer", told)
        self.wire = wire

    def _answer(self, head):
        said = super()._answer(head).partition(b"x-repeated: ")[2].partition(b"\r\n")[0].decode()
        kind, body = self.wire.stream_type, self.wire.beginning(said, "Hello") + self.wire.end(said)
        if head.startswith("GET"):
            models = [{"id": said, "display_name": said, "type": "model"}, {"id": "fine"}]
            kind, body = "application/json", json.dumps({"data": models}).encode()
        fields = f"x-request-id: {said}\r\nrequest-id: {said}\r\nConnection: close"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{fields}"
        return head.encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize("wire", EACH_WIRE)
@pytest.mark.parametrize("form", ["as it came", "percent-encoded", "in Base64"])
async def test_no_answer_tells_a_secret_in_what_the_service_says_of_it(
    tmp_path, logged, wire, form
):
    with EchoingServer(wire, TOLD[form]) as server:
        settings = {"models": {"providers": {"acme": provider(wire, server.url)}}}
        environ = {
            "HOME": str(tmp_path),
            "MODELWIRE_RECORDINGS": "record",
            "MODELWIRE_RECORDINGS_DIR": str(tmp_path / "recordings"),
        }
        async with Runtime.from_config(
            settings, environ=environ, retries=RetryPolicy(max_attempts=1), cache_directory=tmp_path
        ) as runtime:
            try:
                message = await runtime.complete("hi", model="acme/some-model", deadlines=QUICK)
                shown = repr(asdict(message))
                assert message.text == "Hello"
            except ModelwireError as error:  # a reason to stop that nobody knows
                shown = whole(error)
                message = error.partial
            listing = await runtime.catalog.listing("acme", refresh=True)
    assert any(MARK in head for head in server.requests)
    assert not marked(shown)
    assert not marked(repr(listing))
    assert [text for text in logged if marked(text)] == []
    assert not found_in(tmp_path)
    if wire.names_answers:
        assert HIDDEN in message.response_id
        assert HIDDEN in (message.response_model or HIDDEN)
    assert HIDDEN in (message.raw_stop_reason or HIDDEN)


@pytest.mark.parametrize("wire", EACH_WIRE)
@pytest.mark.parametrize("kind", ["reset", "cut", "corrupt", "stall", "no_response"])
async def test_no_fault_of_a_connection_tells_a_secret(wire, tmp_path, logged, kind):
    with wire.start():
        wire.answers(Fault(kind, after=wire.at["mid-text"]))
        settings = {"models": {"providers": {"acme": provider(wire, wire.url)}}}
        environ = {"HOME": str(tmp_path)}
        quick = RetryPolicy(max_attempts=1)
        async with Runtime.from_config(
            settings, environ=environ, retries=quick, cache_directory=tmp_path
        ) as runtime:
            model = f"acme/{wire.ref.partition('/')[2]}"
            limits = Deadlines(first_byte=20, idle=0.5 if kind == "stall" else 20)
            with pytest.raises(ModelwireError) as caught:
                await runtime.complete("hi", model=model, deadlines=limits)
    assert MARK not in whole(caught.value)
    assert [text for text in logged if MARK in text] == []


@pytest.mark.parametrize("wire", EACH_WIRE)
@pytest.mark.parametrize("trouble", ["refused", "proxy", "not a host"])
async def test_no_connection_that_fails_tells_a_secret(tmp_path, logged, wire, trouble):
    environ = {"HOME": str(tmp_path)}
    url = f"http://user:{MARK}-password@127.0.0.1:9"
    if trouble == "proxy":
        environ["HTTP_PROXY"] = f"http://user:{MARK}-proxy@127.0.0.1:9"
        url = "http://example.invalid"
    elif trouble == "not a host":
        url = f"http://user:{MARK}@[nonsense"
    settings = {"models": {"providers": {"acme": provider(wire, url)}}}
    try:
        async with Runtime.from_config(
            settings,
            environ=environ,
            retries=RetryPolicy(max_attempts=1),
            cache_directory=tmp_path,
        ) as runtime:
            await runtime.complete("hi", model="acme/some-model", deadlines=QUICK)
    except ModelwireError as error:
        shown = whole(error)
    assert MARK not in shown
    assert [text for text in logged if MARK in text] == []


BROKEN = {
    "not JSON5": '{models: {providers: {acme: {apiKey: "%s-key" oops}}}}',
    "cut": '{models: {providers: {acme: {apiKey: "%s-key"',
    "not UTF-8": '{models: {providers: {acme: {apiKey: "%s-key\xff"}}}}',
    "not valid": '{models: {providers: {acme: {apiKey: ["%s-key"]}}}}',
    "no object": '["%s-key"]',
}


@pytest.mark.parametrize("name", BROKEN)
def test_no_configuration_that_cannot_be_read_tells_a_secret(tmp_path, logged, name):
    path = tmp_path / "modelwire.json5"
    path.write_bytes((BROKEN[name] % MARK).encode("latin-1"))
    with pytest.raises(ModelwireError) as caught:
        Runtime.from_config(path, environ={"HOME": str(tmp_path)})
    assert MARK not in whole(caught.value)
    assert [text for text in logged if MARK in text] == []


@pytest.mark.parametrize("wire", EACH_WIRE)
async def test_a_redirect_carries_nothing_to_another_host(tmp_path, wire):
    with ExitStack() as running:
        elsewhere = running.enter_context(RepeatingServer("refusal"))
        server = running.enter_context(RepeatingServer(elsewhere.url))
        settings = {"models": {"providers": {"acme": provider(wire, server.url)}}}
        async with Runtime.from_config(
            settings,
            environ={"HOME": str(tmp_path)},
            retries=RetryPolicy(max_attempts=1),
            cache_directory=tmp_path,
        ) as runtime:
            with pytest.raises(ModelwireError) as caught:
                await runtime.complete("hi", model="acme/some-model", deadlines=QUICK)
            await runtime.catalog.listing("acme", refresh=True)
        assert len(server.requests) >= 1
        assert elsewhere.requests == []
        assert caught.value.retryable is False
        assert MARK not in whole(caught.value)
