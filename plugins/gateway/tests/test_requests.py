"""What holds for requests at every door: limits, keys, hosts, and clients that leave."""

import asyncio
import json
import time

import aiohttp
import pytest
from gateway_server import KEY, serving
from opentelemetry import trace

from modelwire_bedrock.emulator import Answer, Fault, Pacing, Text
from modelwire_gateway import Settings
from modelwire_gateway.access.caller import OpenAccess

MODEL = "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
SAID = [{"role": "user", "content": "Hello"}]
DOORS = {
    "/v1/chat/completions": {"model": MODEL, "messages": SAID},
    "/v1/messages": {"model": MODEL, "messages": SAID, "max_tokens": 100},
    "/v1/responses": {"model": MODEL, "input": "Hello"},
}
CLAUDE = MODEL.partition("/")[2]
BODY_OF_CLAUDE = {"anthropic_version": "bedrock-2023-05-31", "messages": SAID, "max_tokens": 100}
STREAMS = {
    **{path: {**body, "stream": True} for path, body in DOORS.items()},
    f"/model/{CLAUDE}/converse-stream": {
        "messages": [{"role": "user", "content": [{"text": "Hello"}]}]
    },
    f"/model/{CLAUDE}/invoke-with-response-stream": BODY_OF_CLAUDE,
}
KINDS = {
    "/v1/chat/completions": lambda answer: answer["error"]["code"] or answer["error"]["type"],
    "/v1/messages": lambda answer: answer["error"]["type"],
    "/v1/responses": lambda answer: answer["error"]["code"] or answer["error"]["type"],
}


@pytest.fixture(params=DOORS)
def door(request):
    return request.param


class Counting(OpenAccess):
    """Lets everybody in, and keeps what was settled."""

    async def admit(self, *_, **__):
        return self

    metadata = {}  # noqa: RUF012

    async def settle(self, usage, cost, *, model=None):  # noqa: ARG002
        SETTLED.append((usage, cost))


SETTLED: list = []


@pytest.mark.parametrize("key", ["", "mw-wrong", "\u00e4"])
async def test_a_wrong_key_is_refused(gateway, emulator, door, key):
    gateway.key = key
    status, _, answer = await gateway.post(door, DOORS[door])
    assert status == 401
    assert KINDS[door](answer) in ("invalid_api_key", "authentication_error")
    assert emulator.requests == []


async def test_the_key_is_taken_as_a_bearer_or_as_x_api_key(gateway, emulator, door):
    emulator.answer("Hi.")
    gateway.key = "mw-wrong"
    headers = {"x-api-key": KEY}
    async with gateway.session.post(
        gateway.url + door, json=DOORS[door], headers=headers
    ) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"text"', b"\xff", b"{}", b'{"model": 1}', b'{"model": ""}'],
)
async def test_what_is_no_request_is_refused(gateway, door, body):
    status, _, answer = await gateway.post(door, body)
    assert status == 400
    assert KINDS[door](answer) == "invalid_request_error"


@pytest.mark.parametrize("depth", [200, 100_000])
async def test_deep_json_is_refused(gateway, door, depth):
    deep = b'{"model": "a", "messages": ' + b"[" * depth + b"]" * depth + b"}"
    status, _, answer = await gateway.post(door, deep)
    assert status == 400
    assert KINDS[door](answer) == "invalid_request_error"


async def test_a_large_body_is_refused(emulator, tmp_path, door):
    async with serving(emulator, tmp_path, settings=Settings(max_body_bytes=1000)) as gateway:
        status, _, answer = await gateway.post(door, b" " * 1001)
        assert status == 413
        assert KINDS[door](answer) == "request_too_large"

        async def pieces():
            for _ in range(11):
                yield b" " * 100

        async with gateway.session.post(
            gateway.url + door, data=pieces(), headers=gateway.headers()
        ) as answer:
            assert answer.status == 413


async def test_a_slow_body_is_refused(emulator, tmp_path, door):
    async with serving(emulator, tmp_path, settings=Settings(request_seconds=0.2)) as gateway:

        async def never():
            yield b"{"
            await asyncio.sleep(60)

        async with gateway.session.post(
            gateway.url + door, data=never(), headers=gateway.headers()
        ) as answer:
            assert answer.status == 408


@pytest.mark.parametrize(
    ("host", "status"), [("evil.example", 421), ("localhost", 404), ("[::1]:80", 404)]
)
async def test_other_host_names_are_refused_on_loopback(gateway, host, status):
    async with gateway.session.get(gateway.url + "/none", headers={"Host": host}) as answer:
        assert answer.status == status


async def test_names_can_be_allowed(emulator, tmp_path):
    settings = Settings(allow_hosts=("models.example",))
    async with serving(emulator, tmp_path, settings=settings) as gateway:
        headers = {"Host": "models.example"}
        async with gateway.session.get(gateway.url + "/healthz", headers=headers) as answer:
            assert answer.status == 200


async def test_unknown_paths_and_methods_have_the_shape_of_their_api(gateway):
    status, _, answer = await gateway.get("/v1/none")
    assert (status, answer["error"]["code"]) == (404, "not_found")
    status, _, answer = await gateway.get("/v1/messages/none")
    assert (status, answer["error"]["type"]) == (404, "not_found_error")
    status, headers, _ = await gateway.get("/v1/chat/completions")
    assert (status, headers["allow"]) == (405, "POST")


async def test_other_origins_are_not_let_in(gateway, door):
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    async with gateway.session.options(gateway.url + door, headers=headers) as answer:
        assert answer.status == 405
        assert not any(name.lower().startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize("door", STREAMS)
async def test_a_client_that_leaves_closes_the_upstream(emulator, tmp_path, door):
    emulator.answer(Answer(Text("ab" * 50, ("ab",) * 50), pacing=Pacing(between=0.2)))
    SETTLED.clear()
    async with serving(emulator, tmp_path, access=Counting(KEY)) as gateway:
        async with gateway.session.post(
            gateway.url + door, json=STREAMS[door], headers=gateway.headers()
        ) as answer:
            await answer.content.readany()
            left = time.monotonic()
        sent = emulator.requests[-1]
        await asyncio.to_thread(sent.wait, 10)
        assert sent.end == "client_left"
        assert time.monotonic() - left < 5  # it would take ten seconds
        record = await gateway.record()
        assert (record.status, record.failure) == (499, "left")
        ((usage, _),) = SETTLED
        assert usage.total_tokens > 0


async def test_a_client_that_leaves_before_an_answer_closes_the_upstream(gateway, emulator, door):
    emulator.answer(Answer("Hi.", pacing=Pacing(first=30)))
    timeout = aiohttp.ClientTimeout(total=2)
    with pytest.raises(TimeoutError):
        async with gateway.session.post(
            gateway.url + door, json=DOORS[door], headers=gateway.headers(), timeout=timeout
        ):
            pass
    sent = emulator.requests[-1]
    await asyncio.to_thread(sent.wait, 10)
    assert sent.end == "client_left"
    assert (await gateway.record()).status == 499


@pytest.mark.parametrize("fault", [None, Fault("cut", after=3), Fault.error("ThrottlingException")])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_request_is_settled_once(emulator, tmp_path, door, stream, fault):
    SETTLED.clear()
    emulator.answer(Answer(Text("Hi there.", ("Hi ", "there."))), fault=fault)
    async with serving(emulator, tmp_path, access=Counting(KEY)) as gateway:
        async with gateway.session.post(
            gateway.url + door, json={**DOORS[door], "stream": stream}, headers=gateway.headers()
        ) as answer:
            await answer.read()
        record = await gateway.record()
    ((usage, _),) = SETTLED
    assert usage == record.usage
    if fault is None:
        assert usage.output > 0


async def test_a_silent_stream_is_kept_alive(emulator, tmp_path, door):
    emulator.answer(Answer(Text("Hi.", ("H", "i.")), pacing=Pacing(first=1, between=1)))
    settings = Settings(keep_alive_seconds=0.1)
    async with (
        serving(emulator, tmp_path, settings=settings) as gateway,
        gateway.session.post(
            gateway.url + door, json={**DOORS[door], "stream": True}, headers=gateway.headers()
        ) as answer,
    ):
        text = await answer.text()
    pings = text.count(": keep-alive") + text.count("event: ping")
    assert pings >= 2
    assert ("[DONE]" in text) or ("message_stop" in text) or ("response.completed" in text)


async def test_a_failure_after_a_keep_alive_is_an_event(emulator, tmp_path, door):
    emulator.answer(fault=Fault("stall"))
    emulator.answer(Answer("Hi.", pacing=Pacing(first=1)), fault=Fault("cut", after=0))
    settings = Settings(keep_alive_seconds=0.1)
    config = {"agents": {"defaults": {"firstEventSeconds": 1}}}
    async with (
        serving(emulator, tmp_path, settings=settings, config=config) as gateway,
        gateway.session.post(
            gateway.url + door, json={**DOORS[door], "stream": True}, headers=gateway.headers()
        ) as answer,
    ):
        assert answer.status == 200
        text = await answer.text()
    last = [line for line in text.splitlines() if line.startswith("data: ")][-1]
    assert "error" in json.loads(last.removeprefix("data: ")) or "response.failed" in last
    assert gateway.records[-1].failure == "timeout"


async def test_no_secret_and_nothing_said_is_in_a_record(gateway, emulator, door):
    emulator.answer("Hi.")
    await gateway.post(door, DOORS[door])
    shown = repr(await gateway.record())
    assert KEY not in shown
    assert "Hello" not in shown


@pytest.mark.parametrize(
    ("door", "api", "model"),
    [
        ("/v1/chat/completions", "openai-completions", "amazon-bedrock/openai.gpt-oss-120b-1:0"),
        ("/v1/responses", "openai-responses", "amazon-bedrock/us.openai.gpt-6-sol"),
        ("/v1/messages", "anthropic-messages", "amazon-bedrock/us.anthropic.claude-opus-5"),
    ],
)
async def test_settings_of_the_gateway_are_not_for_clients(emulator, tmp_path, door, api, model):
    settings = {
        "region": "eu-central-1",
        "profile": "admin",
        "baseUrl": "https://evil.example",
        "base_url": "https://evil.example",
        "extra_body": {"store": True},
        "guardrailConfig": {"guardrailIdentifier": "mine", "guardrailVersion": "1"},
        "organization": "org-1",
    }
    async with serving(emulator, tmp_path, through={"api": api}) as gateway:
        emulator.answer("Hi.")
        status, headers, answer = await gateway.post(
            door, {**DOORS[door], "model": model, **settings}
        )
        assert status == 200, answer
        assert sorted(headers["x-modelwire-ignored"].split(", ")) == sorted(settings)
        sent = emulator.requests[-1]
        assert not set(settings) & set(sent.body)
        assert "mine" not in str(sent.headers)


async def test_unknown_fields_reach_an_upstream_of_the_same_api(emulator, tmp_path):
    model = "amazon-bedrock/openai.gpt-oss-120b-1:0"
    async with serving(emulator, tmp_path, through={"api": "openai-completions"}) as gateway:
        emulator.answer("Hi.")
        body = {**DOORS["/v1/chat/completions"], "model": model, "presence_penalty": 0.5}
        status, headers, answer = await gateway.post("/v1/chat/completions", body)
        assert status == 200, answer
        assert "x-modelwire-ignored" not in headers
        assert emulator.requests[-1].body["presence_penalty"] == 0.5


class TracingAccess(OpenAccess):
    """Keeps the trace in which a request is let in."""

    async def admit(self, *asked, **more):
        TRACES.append(trace.get_current_span().get_span_context().trace_id)
        return await super().admit(*asked, **more)


TRACES: list = []


async def test_a_request_is_in_the_trace_of_its_client(emulator, tmp_path, door):
    TRACES.clear()
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with serving(emulator, tmp_path, access=TracingAccess(KEY)) as gateway:
        for headers in ({"traceparent": parent}, {"traceparent": "damaged"}, {}):
            emulator.answer("Hi.")
            status, _, _ = await gateway.post(door, DOORS[door], **headers)
            assert status == 200
    assert TRACES == [0x0AF7651916CD43DD8448EB211C80319C, 0, 0]


class Slow(OpenAccess):
    """Takes its time to settle."""

    async def admit(self, *_, **__):
        return self

    metadata = {}  # noqa: RUF012

    async def settle(self, usage, cost, *, model=None):  # noqa: ARG002
        await asyncio.sleep(0.3)
        SETTLED.append((usage, cost))


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_after_its_answer_has_not_left_early(
    emulator, tmp_path, door, stream
):
    SETTLED.clear()
    emulator.answer("Hi.")
    async with serving(emulator, tmp_path, access=Slow(KEY)) as gateway:
        headers = gateway.headers(Connection="close")
        body = {**DOORS[door], "stream": stream}
        async with gateway.session.post(gateway.url + door, json=body, headers=headers) as answer:
            await answer.read()
        record = await gateway.record()
        assert (record.status, record.failure) == (200, None)
        assert len(SETTLED) == 1
