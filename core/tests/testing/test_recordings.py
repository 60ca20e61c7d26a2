"""Traffic that passed is kept without its secrets, and played again."""

import asyncio
import json

import pytest

from modelwire import Runtime
from modelwire.errors import AuthenticationError, ConfigError
from modelwire.testing import (
    RecordingTransport,
    Reply,
    WireServer,
    read_recordings,
)
from modelwire.transport import Request, RetryPolicy

SECRET = "sk-recorded-0123456789"


@pytest.fixture
def server():
    with WireServer() as server:
        yield server


@pytest.fixture
def passes(server, tmp_path):
    """Sends a request through a recorder; returns what was written."""
    path = tmp_path / "deep" / "file.jsonl"

    def send(reply, *, body=b'{"q": 1}', url="/v1/chat?key=hidden-in-the-query", **options):
        server.script(reply)

        async def work():
            headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
            request = Request("POST", server.url + url, headers, body)
            async with (
                RecordingTransport(path, environ={}, **options) as transport,
                transport.send(request) as response,
            ):
                return await response.read()

        read = asyncio.run(work())
        return read, path.read_text(), read_recordings(path)

    return send


def test_what_passes_is_kept_and_handed_on(passes):
    reply = Reply([b"data: 1\n\n", b"data: 2\n\n"], headers={"Content-Type": "text/event-stream"})
    read, _, (kept,) = passes(reply)
    assert read == b"data: 1\n\ndata: 2\n\n"
    assert b"".join(data for _, data in kept.chunks) == read
    assert (kept.method, kept.status, kept.body) == ("POST", 200, {"q": 1})
    assert kept.headers["content-type"] == "text/event-stream"


def test_no_secret_is_kept(passes):
    split = SECRET.encode()
    reply = Reply(
        [b"the key " + split[:9], split[9:] + b" and a word"],
        status=401,
        headers={"Set-Cookie": "session=abcdefghijkl", "X-Request-Id": "r1"},
    )
    body = json.dumps({"said": f"my key is {SECRET}", "more": "password"}).encode()
    _, written, (kept,) = passes(reply, body=body, secrets=["password"])
    everything = written + repr(kept.chunks) + repr(kept.body)
    for secret in (SECRET, "hidden-in-the-query", "abcdefghijkl", "password"):
        assert secret not in everything
    assert b"".join(data for _, data in kept.chunks) == b"the key **REMOVED** and a word"
    assert kept.headers["x-request-id"] == "r1"


def test_header_fields_that_the_request_calls_public_are_kept_and_no_others(server, tmp_path):
    server.script(Reply([b"{}"], headers={"X-Acme-Error": "Throttled", "X-Acme-Trace": "abc"}))
    path = tmp_path / "file.jsonl"
    request = Request(
        "POST",
        server.url,
        {"X-Acme-Version": "2026-11-01", "X-Acme-Account": "abcdefghijkl"},
        b'{"version": "2026-11-01", "account": "abcdefghijkl"}',
        public_headers=frozenset({"x-acme-version", "x-acme-error"}),
    )

    async def work():
        async with (
            RecordingTransport(path, environ={}) as transport,
            transport.send(request) as response,
        ):
            await response.read()

    asyncio.run(work())
    (kept,) = read_recordings(path)
    assert kept.request_headers["x-acme-version"] == "2026-11-01"
    assert kept.body == {"version": "2026-11-01", "account": "**REMOVED**"}
    assert kept.headers["x-acme-error"] == "Throttled"
    assert "x-acme-trace" not in kept.headers
    assert "abcdefghijkl" not in path.read_text()


def test_of_foreign_recordings_only_what_another_connection_can_use_is_played(tmp_path):
    path = tmp_path / "file.json"
    headers = {
        "Connection": "keep-alive",
        "Content-Encoding": "gzip",
        "Content-Length": "2",
        "Content-Type": "application/json",
        "Set-Cookie": "session=abc",
        "Transfer-Encoding": "chunked",
        "X-Acme-Error": "Throttled",
        "X-Acme-Id": "***",
    }
    response = {"status": 429, "headers": headers, "body_b64": "e30="}
    path.write_text(json.dumps({"uri": "http://x/y", "request": {}, "response": response}))
    (read,) = read_recordings(path)
    assert read.headers == {"content-type": "application/json", "x-acme-error": "Throttled"}
    assert [data for _, data in read.chunks] == [b"{}"]


def test_credentials_that_a_service_repeats_are_hidden_from_the_plugin_as_without_recording(
    server, tmp_path
):
    server.script(Reply([f"The key {SECRET} is wrong.".encode()], status=401))

    async def work():
        request = Request("POST", server.url, {"Authorization": f"Bearer {SECRET}"}, b"{}")
        async with (
            RecordingTransport(tmp_path / "file.jsonl", environ={}) as transport,
            transport.send(request) as response,
        ):
            return await response.read_error()

    assert asyncio.run(work()) == b"The key <hidden> is wrong."


def test_a_stream_that_was_left_is_kept_as_far_as_it_came(server, tmp_path):
    server.script(Reply([b"one"], end="stall"))
    path = tmp_path / "file.jsonl"

    async def work():
        async with (
            RecordingTransport(path, environ={}) as transport,
            transport.send(Request("GET", server.url)) as response,
        ):
            async for _ in response.iter_bytes():
                break

    asyncio.run(work())
    assert server.client_left()
    (kept,) = read_recordings(path)
    assert [data for _, data in kept.chunks] == [b"one"]


def test_a_file_that_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        RecordingTransport(tmp_path / "file" / "below.jsonl")


@pytest.mark.parametrize("text", ['{"a": 1}', '{"uri": "x"}\n{broken', "[1]\n[2]"])
def test_what_is_no_recording_names_its_place(tmp_path, text):
    path = tmp_path / "file.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"file\.jsonl:1: this is not a recorded interaction"):
        read_recordings(path)


def test_recorded_traffic_is_played_to_the_plugin_again(workshop, tmp_path):
    """Recorded from a real server through a runtime, replayed by the suite."""
    node = workshop.plugin("played")
    home = workshop.folder / "played"
    path = home / "recorded.jsonl"
    events = [
        {"type": "text", "index": 0, "text": "Hello"},
        {"type": "end", "reason": "stop", "usage": {"input": 1, "output": 1}},
    ]
    stream = [f"data: {json.dumps(event)}\n\n".encode() for event in events]

    async def record():
        with WireServer() as server:
            server.script(
                Reply(stream, headers={"Content-Type": "text/event-stream"}),
                Reply([b'{"error": {"message": "no"}}'], status=401),
            )
            async with RecordingTransport(path, environ={}) as transport:
                for _ in range(2):
                    request = Request("POST", server.url, {"Authorization": SECRET}, b"{}")
                    async with transport.send(request) as response:
                        await response.read()

    asyncio.run(record())
    suite = home / "tests" / "test_conformance.py"
    text = suite.read_text()
    suite.write_text(text.replace("    wire=", f"    recordings={str(path)!r},\n    wire="))
    outcome = workshop.run(f"{node}::test_recorded_traffic_is_understood")
    assert outcome.status == 0, outcome.printed
    for number in (1, 2):
        rule = f"test_recorded_traffic_is_understood[{number}]"
        assert outcome.of("TestPlayed", rule)["outcome"] == "passed"


async def test_a_runtime_records_what_its_plugin_sends(server, tmp_path, site):
    source = """
        import json
        from modelwire.events import Stop, TextDelta
        from modelwire.hookspecs import hookimpl
        from modelwire.messages import StopReason
        from modelwire.transport import Request, error_from_status

        @hookimpl
        async def stream_completion(provider, transport):
            request = Request("POST", provider.base_url, {"X-Api-Key": provider.api_key}, b"{}")
            async with transport.send(request) as response:
                if response.status != 200:
                    raise error_from_status(response.status, headers=response.headers)
                yield TextDelta(0, (await response.read()).decode())
            yield Stop(StopReason.STOP)
    """
    site.provider("recorded", source=source)
    document = {"models": {"providers": {"recorded": {"baseUrl": server.url, "apiKey": SECRET}}}}
    path = tmp_path / "file.jsonl"
    server.script(Reply([b"Hello"]), Reply([SECRET.encode()], status=401))
    async with Runtime.from_config(
        document,
        environ={},
        registry=site.registry(document),
        transport=RecordingTransport(path, environ={}),
        retries=RetryPolicy(max_attempts=1),
        cache_directory=tmp_path / "cache",
    ) as runtime:
        assert (await runtime.complete("Hi", model="recorded/m")).text == "Hello"
        with pytest.raises(AuthenticationError):
            await runtime.complete("Hi", model="recorded/m")
    assert [kept.status for kept in read_recordings(path)] == [200, 401]
    assert SECRET not in path.read_text()
