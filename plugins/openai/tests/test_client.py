"""How an answer is taken apart, sent by a real server in the ways that real servers send it."""

import asyncio
import json
from contextlib import aclosing

import pytest

from modelwire import Runtime
from modelwire.authoring import JsonEvent, StreamEnd
from modelwire.config import Config
from modelwire.errors import (
    ConnectionFailed,
    InvalidRequest,
    MalformedResponse,
    ProviderError,
    RateLimited,
    StreamTruncated,
)
from modelwire.events import ResponseInfo
from modelwire.testing import listening
from modelwire.testing.listener import refusing_port
from modelwire.transport import Transport
from modelwire_openai.account import resolve_account
from modelwire_openai.client import fetch_json, stream_json

KEY = "sk-a-key-of-some-length"
ONE = {"id": "1", "text": "zwölf 🎈"}
HEAD, EVENT, DONE = ResponseInfo(), JsonEvent("message", ONE), StreamEnd(marked=True)


async def read(stream, arrived):
    async for together in stream:
        arrived += [together] if isinstance(together, ResponseInfo) else together
    return arrived


@pytest.fixture
def account_at():
    def make(base_url, **provider):
        settings = {"baseUrl": base_url, "apiKey": KEY, **provider}
        config = Config.from_document({"models": {"providers": {"acme": settings}}}, environ={})
        return resolve_account(config.provider("acme"), config)

    return make


@pytest.fixture
def call(serve, account_at):
    """Serves an answer and gives what arrives, as a list."""

    async def run(answer, **kinds):
        async with serve(answer, **kinds) as service, Transport(environ={}) as transport:
            arrivals = stream_json(
                account_at(service.base_url), "x", {"a": 1}, transport=transport, model="m"
            )
            return await read(arrivals, [])

    return run


async def test_events_arrive_as_payloads(call, http, events):
    assert await call(http(events(ONE))) == [HEAD, EVENT, DONE]


async def test_the_request_id_is_reported_first(call, http, events):
    arrived = await call(http(events(), headers={"x-request-id": "req_1"}))
    assert arrived[0] == ResponseInfo(request_id="req_1")


async def test_cuts_anywhere_do_not_matter(call, http, events):
    answer = http(events(ONE, ONE))
    arrived = await call([answer[at : at + 1] for at in range(len(answer))])
    assert arrived == [HEAD, EVENT, EVENT, DONE]


@pytest.mark.parametrize(
    "text",
    [
        ": ping\n\ndata: {data}\n\n: ping\n\ndata: [DONE]\n\n",
        "data: {data}\r\n\r\ndata: [DONE]\r\n\r\n",
        "\ufeffdata: {data}\n\ndata: [DONE]\n\n",
        "data:{data}\n\ndata:[DONE]\n\n",
        "\n\n\ndata: {data}\n\ndata: [DONE]\n",
        "id: 1\nretry: 5\ndata: {data}\n\ndata: \n\ndata: [DONE]\n\n",
        "event: message\ndata: {data}\n\nevent: message\ndata: [DONE]\n\n",
    ],
)
async def test_streams_are_read_as_they_are_written(call, http, text):
    body = text.replace("{data}", json.dumps(ONE))
    assert await call(http(body)) == [HEAD, EVENT, DONE]


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "application/json", ""])
async def test_a_stream_may_be_called_something_else(call, http, events, kind):
    assert EVENT in await call(http(events(ONE), headers={"Content-Type": kind}))


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
async def test_plain_json_is_the_whole_answer(call, http, kind):
    body = "\n " + json.dumps(ONE, indent=1)
    assert await call(http(body, headers={"Content-Type": kind})) == [
        HEAD,
        JsonEvent("message", ONE, whole=True),
        StreamEnd(),
    ]


async def test_a_stream_need_not_say_done(call, http, events):
    assert await call(http(events(ONE, done=False))) == [HEAD, EVENT, StreamEnd()]


async def test_a_server_that_stays_after_done_is_left(call, http, events):
    async with asyncio.timeout(5):
        assert (await call(http(events(ONE)), hold_open=True))[-1] == DONE


async def test_half_a_character_that_only_json_can_say_arrives(call, http):
    arrived = await call(http('data: {"text": "\\ud83d"}\n\n'))
    assert arrived[1] == JsonEvent("message", {"text": "\ud83d"})


@pytest.mark.parametrize("body", ["", "\n\n", ": ping\n\n"])
async def test_an_empty_success_is_an_error_that_says_what_it_may_be(call, http, body):
    with pytest.raises(StreamTruncated, match="sent no content") as caught:
        await call(http(body))
    assert "fit" in caught.value.hint


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<!DOCTYPE html><html><head><title>Sign in</title></head></html>", "Sign in"),
        ("{not json", "not json"),
    ],
)
async def test_something_else_is_refused_and_shown(call, http, body, said):
    with pytest.raises(MalformedResponse, match=said) as caught:
        await call(http(body))
    assert not caught.value.retryable
    assert "base URL" in caught.value.hint


async def test_an_event_that_is_no_json_is_an_error(call, http):
    with pytest.raises(MalformedResponse):
        await call(http("data: {cut\n\n"))


async def test_an_event_that_the_end_cuts_is_truncated(call, http, events):
    with pytest.raises(StreamTruncated):
        await call(http(events(ONE, done=False) + 'data: {"cut'))


class TestFailuresInASuccess:
    @pytest.mark.parametrize(
        "body",
        [
            'data: {"error": {"message": "no room", "code": "rate_limit_exceeded"}}\n\n',
            'event: error\ndata: {"message": "no room", "code": "rate_limit_exceeded"}\n\n',
            '{"error": {"message": "no room", "code": "rate_limit_exceeded"}}',
            '[{"error": {"message": "no room", "code": 429}}]',
        ],
    )
    async def test_they_have_their_type(self, call, http, body):
        with pytest.raises(RateLimited, match="no room") as caught:
            await call(http(body, headers={"x-request-id": "req_1"}))
        assert (caught.value.provider, caught.value.model, caught.value.request_id) == (
            "acme",
            "m",
            "req_1",
        )

    @pytest.mark.parametrize("name", ["request-id", "x-request-id", "x-amzn-requestid"])
    async def test_they_name_the_request_whatever_service_it_is(self, call, http, name):
        for body, status in (
            ('data: {"error": {"message": "no"}}\n\n', "200 OK"),
            ("no", "500 No"),
        ):
            with pytest.raises(ProviderError) as caught:
                await call(http(body, status=status, headers={name: "req_1"}))
            assert caught.value.request_id == "req_1"

    @pytest.mark.parametrize("said", ["overloaded, sorry", '"overloaded, sorry"'])
    async def test_they_may_be_plain_text(self, call, http, said):
        with pytest.raises(ProviderError, match="overloaded, sorry"):
            await call(http(f"event: error\ndata: {said}\n\n"))

    async def test_what_came_before_is_given_first(self, serve, account_at, http, events):
        body = events(ONE, {"error": "broken"}, done=False)
        arrived = []
        async with serve(http(body)) as service, Transport(environ={}) as transport:
            with pytest.raises(ProviderError, match="broken"):
                await read(
                    stream_json(account_at(service.base_url), "x", {}, transport=transport), arrived
                )
        assert arrived == [HEAD, EVENT]

    async def test_null_is_no_failure(self, call, http, events):
        payload = {**ONE, "error": None}
        assert JsonEvent("message", payload) in await call(http(events(payload)))


async def test_a_body_that_breaks_off_is_an_error(call, http, events):
    answer = http(events(ONE, done=False), headers={"Content-Length": "10000"})
    with pytest.raises(StreamTruncated):
        await call(answer)


class TestSecrets:
    async def test_a_key_that_the_service_repeats_is_hidden(self, call, http):
        body = json.dumps(
            {"error": {"message": f"Incorrect API key provided: {KEY}.", "code": "invalid_api_key"}}
        )
        with pytest.raises(ProviderError) as caught:
            await call(http(body, status="401 Unauthorized"))
        for text in (str(caught.value), repr(caught.value), str(caught.value.__cause__)):
            assert KEY not in text
        assert "<hidden>" in str(caught.value)

    async def test_so_is_one_in_a_stream_and_in_a_page(self, call, http):
        for body in (
            f'data: {{"error": "bad key {KEY}"}}\n\n',
            f"<html><title>{KEY}</title></html>",
        ):
            with pytest.raises(ProviderError) as caught:
                await call(http(body))
            assert KEY not in str(caught.value)

    def test_it_is_in_no_repr(self, account_at):
        assert KEY not in repr(account_at("http://127.0.0.1/v1", headers={"x-api-key": KEY}))


async def test_what_is_sent_is_json_with_the_key(serve, account_at, http, events):
    async with serve(http(events())) as service, Transport(environ={}) as transport:
        payload = {"text": "zwölf", "half": "\ud83d"}
        account = account_at(service.base_url)
        await read(stream_json(account, "chat/completions", payload, transport=transport), [])
    head = service.heads[0].lower()
    assert head.startswith("post /v1/chat/completions http/1.1")
    assert f"authorization: bearer {KEY}" in head
    assert "content-type: application/json" in head
    assert service.bodies == [{"text": "zwölf", "half": "?"}]


async def test_leaving_a_stream_closes_the_connection(serve, account_at, http, events):
    answer = http(events(ONE, done=False))
    async with serve(answer, hold_open=True) as service, Transport(environ={}) as transport:
        stream = stream_json(account_at(service.base_url), "x", {}, transport=transport)
        async with aclosing(stream):
            await anext(stream)
            await anext(stream)
        async with asyncio.timeout(5):
            await service.closed_by_client.wait()


async def test_after_done_the_connection_is_used_again(account_at):
    """A server that says `[DONE]` and then ends its body at once keeps its connection."""
    connections = 0
    body = b'data: {"id": "1"}\n\ndata: [DONE]\n\n'

    async def answer(reader, writer):
        nonlocal connections
        connections += 1
        for _ in range(2):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length:")[2].split()[0])
            await reader.readexactly(length)
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            writer.write(b"%x\r\n%s\r\n" % (len(body), body))
            await writer.drain()
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        writer.close()

    async with listening(answer) as port, Transport(environ={}) as transport:
        account = account_at(f"http://127.0.0.1:{port}")
        for _ in range(2):
            stream = stream_json(account, "x", {}, transport=transport)
            assert (await read(stream, []))[-1] == DONE
    assert connections == 1


async def test_a_refused_connection_is_reported(account_at):
    with refusing_port() as port:
        account = account_at(f"http://127.0.0.1:{port}")
        async with Transport(environ={}) as transport:
            with pytest.raises(ConnectionFailed):
                await anext(stream_json(account, "x", {}, transport=transport))


class TestFetching:
    async def test_json_is_read(self, serve, account_at, http):
        async with serve(http('[{"id": 1}]')) as service, Transport(environ={}) as transport:
            assert await fetch_json(
                account_at(service.base_url), "models", transport=transport
            ) == [{"id": 1}]
        assert service.heads[0].startswith("GET /v1/models ")

    async def test_a_page_is_refused(self, serve, account_at, http):
        async with serve(http("<html>hello</html>")) as service, Transport(environ={}) as transport:
            with pytest.raises(MalformedResponse, match="hello"):
                await fetch_json(account_at(service.base_url), "models", transport=transport)

    async def test_a_refusal_has_its_type(self, serve, account_at, http):
        answer = http('{"error": "no"}', status="400 Bad Request")
        async with serve(answer) as service, Transport(environ={}) as transport:
            with pytest.raises(InvalidRequest, match="no"):
                await fetch_json(account_at(service.base_url), "models", transport=transport)


NO_SUCH_PATH = {
    "LM Studio": ("200 OK", '{"error": "Unexpected endpoint or method. (POST /chat/completions)"}'),
    "Ollama": ("404 Not Found", "404 page not found"),
    "vLLM": ("404 Not Found", '{"detail": "Not Found"}'),
    "a page": ("405 Method Not Allowed", "<html><title>Method Not Allowed</title></html>"),
}


@pytest.mark.parametrize("server", NO_SUCH_PATH)
@pytest.mark.parametrize("api", ["openai-completions", "openai-responses"])
async def test_a_wrong_path_is_reported_once_with_the_right_one(serve, http, tmp_path, server, api):
    status, body = NO_SUCH_PATH[server]
    answer = http(body, status=status, headers={"Content-Type": "application/json"})
    async with serve(*[answer] * 3) as service:
        root = service.base_url.removesuffix("/v1")
        providers = {"box": {"api": api, "baseUrl": root}}
        async with Runtime.from_config(
            {"models": {"providers": providers}}, environ={}, cache_directory=tmp_path
        ) as runtime:
            with pytest.raises(ProviderError) as caught:
                await runtime.complete("x", model="box/m")
    assert len(service.heads) == 1
    assert not caught.value.retryable
    assert f"begins at {root}/v1" in caught.value.hint


async def test_a_path_with_a_version_is_not_corrected(serve, http, runtime_for):
    async with (
        serve(http("404 page not found", status="404 Not Found")) as service,
        runtime_for(service.base_url) as runtime,
    ):
        with pytest.raises(ProviderError) as caught:
            await runtime.complete("x", model="acme/m")
    assert "/v1/chat/completions was requested" in caught.value.hint
    assert "begins at" not in caught.value.hint
