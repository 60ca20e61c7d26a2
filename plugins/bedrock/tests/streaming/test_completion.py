"""One answer over a real connection: good ones, and broken ones."""

import asyncio
import ssl
import threading
from contextlib import aclosing

import pytest
import trustme
from attrs import evolve

from modelwire.config import Config, PluginEntry, PluginsConfig
from modelwire.errors import (
    ConnectionFailed,
    ContentFiltered,
    MalformedResponse,
    NotFound,
    RateLimited,
    RequestTimeout,
    ServerError,
    StreamTruncated,
)
from modelwire.events import Diagnostic, ResponseInfo, Stop, TextDelta, UsageReport, deltas_of
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context, Text, Tool, ToolCall, Usage, UserMessage
from modelwire.testing import listening
from modelwire.transport import Deadlines
from modelwire_bedrock.converse.plan import plan_call

HELLO = Context([UserMessage("hello")])


async def test_an_answer_comes_as_deltas(server, answer, assemble, collect):
    server.answers([*answer("Hel", "lo")])

    deltas, error = await collect()

    assert error is None
    assert deltas[0] == ResponseInfo(request_id="request-1", api="bedrock-converse-stream")
    message = assemble(deltas)
    assert message.content == [Text("Hello")]
    assert evolve(message.usage, cost=None) == Usage(3, 2)
    assert message.usage.cost.total > 0  # from the package of prices
    assert message.api == "bedrock-converse-stream"


async def test_a_recorded_stream_comes_through_the_wire_unharmed(
    server, assemble, recorded_stream, collect
):
    pieces = [recorded_stream[i : i + 97] for i in range(0, len(recorded_stream), 97)]
    server.answers([recorded_stream], [*pieces])

    whole, _ = await collect()
    dribbled, _ = await collect()

    assert whole == dribbled
    assert assemble(whole).content


async def test_the_connection_is_used_again(server, answer, collect):
    ports = set()

    async def handle(exchange):
        ports.add(exchange.writer.get_extra_info("peername")[1])
        await exchange.stream(*answer("hi"))

    server.answers(handle)
    for _ in range(3):
        _, error = await collect()
        assert error is None
    assert len(ports) == 1


async def test_headers_of_the_configuration_are_sent(server, answer, model, provider, collect):
    server.answers([*answer("hi")])
    owner = evolve(provider, headers={"X-One": "1", "X-Two": "1"})
    await collect(provider=owner, model=evolve(model, headers={"X-Two": "2"}))

    (request,) = server.received
    assert (request.headers["X-One"], request.headers["X-Two"]) == ("1", "2")


async def test_what_was_changed_in_the_request_comes_first(server, answer, collect):
    server.answers([*answer("hi")])
    context = Context([UserMessage([Text("  "), Text("hello")])])

    deltas, _ = await collect(context)

    assert isinstance(deltas[0], Diagnostic)
    assert deltas[0].type == "dropped"
    assert "messages[0]" in deltas[0].data["path"]


async def test_the_names_of_tools_come_back(server, answer, event, assemble, collect):
    async def handle(exchange):
        name = exchange.request.json["toolConfig"]["tools"][0]["toolSpec"]["name"]
        start = {"toolUse": {"toolUseId": "id", "name": name}}
        await exchange.stream(
            event("contentBlockStart", {"contentBlockIndex": 0, "start": start}),
            event("contentBlockStop", {"contentBlockIndex": 0}),
            event("messageStop", {"stopReason": "tool_use"}),
        )

    server.answers(handle)
    tools = [Tool("files.read/all", "Reads.", {"type": "object", "properties": {}})]
    deltas, error = await collect(Context([UserMessage("hello")], tools=tools))

    assert error is None
    assert assemble(deltas).content == [ToolCall("id", "files.read/all", {})]
    assert "files.read/all" not in str(server.received[0].json)


def good(answer):
    return b"".join(answer("one ", "two ", "three")[:4])


async def test_a_cut_frame_is_truncated_after_what_came_before(server, answer, collect, text_of):
    server.answers([good(answer) + answer("x")[1][:30]])
    deltas, error = await collect()
    assert text_of(deltas) == "one two three"
    assert type(error) is StreamTruncated


async def test_an_end_before_message_stop_is_truncated(server, answer, collect, text_of):
    server.answers([good(answer)])
    deltas, error = await collect()
    assert text_of(deltas) == "one two three"
    assert type(error) is StreamTruncated
    assert (error.provider, error.model is not None) == ("amazon-bedrock", True)


async def test_a_wrong_checksum_is_malformed_after_what_came_before(
    server, answer, collect, text_of
):
    bad = bytearray(answer("x")[1])
    bad[-3] ^= 4
    server.answers([good(answer) + bytes(bad) + answer("y")[1]])
    deltas, error = await collect()
    assert text_of(deltas) == "one two three"
    assert type(error) is MalformedResponse


async def test_a_reset_in_the_packet_of_good_frames_loses_none(server, answer, collect, text_of):
    async def handle(exchange):
        await exchange.begin()
        data = good(answer)
        exchange.writer.write(f"{len(data) + 999:x}\r\n".encode() + data)
        await exchange.writer.drain()
        exchange.reset()

    server.answers(handle)
    deltas, error = await collect()
    assert text_of(deltas) == "one two three"
    assert isinstance(error, ConnectionFailed | StreamTruncated)


async def test_what_becomes_of_the_connection_after_the_last_event_is_no_failure(
    server, answer, exception, collect, text_of
):
    async def handle(exchange):
        await exchange.begin()
        await exchange.send(b"".join(answer("one")))
        await exchange.send(exception("throttlingException", {"message": "too late"}))
        exchange.reset()

    server.answers(handle)
    deltas, error = await collect()
    assert text_of(deltas) == "one"
    assert error is None


async def test_an_exception_in_mid_stream_is_typed_and_not_asked_again(
    server, answer, exception, collect, text_of
):
    failed = exception("throttlingException", {"message": "Too many tokens, please wait."})
    server.answers([good(answer) + failed])
    deltas, error = await collect()
    assert text_of(deltas) == "one two three"
    assert type(error) is RateLimited
    assert error.status == 429
    assert len(server.received) == 1


async def test_an_exception_as_the_first_frame_is_typed(server, exception, collect, text_of):
    server.answers([exception("modelTimeoutException", {"message": "Slow."})])
    deltas, error = await collect()
    assert text_of(deltas) == ""
    assert isinstance(error, RequestTimeout)


async def test_a_guardrail_leaves_its_words_and_usage(server, answer, collect, text_of):
    server.answers([*answer("Sorry, no.", stop="guardrail_intervened")])
    deltas, error = await collect()
    assert text_of(deltas) == "Sorry, no."
    (usage,) = (delta.usage for delta in deltas if isinstance(delta, UsageReport))
    assert (usage.input, usage.output) == (3, 2)
    assert isinstance(error, ContentFiltered)


async def test_silence_is_a_timeout(server, answer, collect, text_of):
    async def handle(exchange):
        await exchange.begin()
        await exchange.send(good(answer))
        await exchange.reader.read()

    server.answers(handle)
    deltas, error = await collect(deadlines=Deadlines(idle=0.2))
    assert text_of(deltas) == "one two three"
    assert isinstance(error, RequestTimeout)
    assert error.phase == "idle"


@pytest.fixture
def stalling(server, answer):
    """The server sends the beginning and stalls; the event is set when it has lost the client."""
    lost = asyncio.Event()

    async def handle(exchange):
        await exchange.begin()
        await exchange.send(good(answer))
        await exchange.reader.read()
        lost.set()

    server.answers(handle)
    return lost


async def test_closing_the_generator_closes_the_connection(ask, stalling):
    deltas = ask()
    async for arrived in deltas:
        if any(isinstance(delta, TextDelta) for delta in deltas_of(arrived)):
            break
    assert not stalling.is_set()

    await deltas.aclose()
    await asyncio.wait_for(stalling.wait(), 5)


async def test_cancelling_who_reads_closes_the_connection(ask, stalling):
    began = asyncio.Event()

    async def read():
        async with aclosing(ask()) as deltas:
            async for arrived in deltas:
                if TextDelta(0, "three") in deltas_of(arrived):
                    began.set()

    reading = asyncio.create_task(read())
    await began.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.wait_for(stalling.wait(), 5)


async def test_an_unknown_model_is_not_found(server, collect, refuses):
    server.answers(refuses(400, "ValidationException", "The provided model identifier is invalid."))
    _, error = await collect()
    assert isinstance(error, NotFound)


@pytest.mark.parametrize(
    ("kind", "body", "due", "retryable"),
    [
        (
            "text/html",
            b"<html><title>Please log in</title></html>",
            MalformedResponse,
            False,
        ),
        ("application/json", b'{"message": "Please log in"}', ServerError, True),
        ("application/json", b'{"hello": "Please log in"}', MalformedResponse, False),
    ],
)
async def test_a_success_that_is_no_stream_says_what_came(
    server, kind, body, due, retryable, collect
):
    async def handle(exchange):
        await exchange.whole(200, body, content_type=kind)

    server.answers(handle)
    _, error = await collect()
    assert type(error) is due
    assert ("Please log in" in str(error)) is (b"hello" not in body)
    assert error.retryable is retryable


async def test_an_empty_body_is_truncated(server, collect):
    server.answers([])
    _, error = await collect()
    assert type(error) is StreamTruncated
    assert error.retryable


async def test_a_page_of_a_proxy_is_an_error_of_its_status(server, collect):
    async def handle(exchange):
        page = b"<html><title>502 Bad Gateway</title></html>"
        await exchange.whole(502, page, content_type="text/html")

    server.answers(handle)
    _, error = await collect()
    assert "502 Bad Gateway" in str(error)
    assert error.status == 502


async def test_a_call_can_be_planned_without_being_sent(server, model, provider, config, clients):
    guardrail = {"guardrailIdentifier": "g", "guardrailVersion": "1"}
    entry = PluginEntry(config={"guardrail": guardrail})
    settings = evolve(config, plugins=PluginsConfig(entries={"amazon-bedrock": entry}))
    call = plan_call(model, HELLO, CompletionOptions(), provider, settings, clients=clients)

    request = await call.prepare()

    assert call.request.payload["guardrailConfig"]["guardrailIdentifier"] == "g"
    assert request.url.startswith(server.url)
    assert server.received == []
    assert "AKID" not in repr(call) + repr(request)


async def test_the_region_of_the_discovery_settings_is_used_where_no_other_is(
    model, provider, clients
):
    document = {"models": {"bedrockDiscovery": {"region": "ap-south-1"}}}
    settings = Config.from_document(document, environ={"AWS_CONFIG_FILE": "/none"})
    bare = evolve(provider, region=None, base_url=None)
    call = plan_call(model, HELLO, CompletionOptions(), bare, settings, clients=clients)
    assert call.target.region == "ap-south-1"


async def test_the_ca_bundle_of_the_aws_settings_is_trusted(
    server, answer, tmp_path, config, provider, collect, text_of
):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    server.answers([*answer("hi")])
    async with listening(server.serve, tls=context) as port:
        owner = evolve(provider, base_url=f"https://localhost:{port}")

        _, error = await collect(provider=owner)
        assert isinstance(error, ConnectionFailed)
        assert "not trusted" in str(error)

        bundle = {**config.environ, "AWS_CA_BUNDLE": str(tmp_path / "ca.pem")}
        deltas, error = await collect(provider=owner, config=Config.empty(bundle))
        assert error is None
        assert text_of(deltas) == "hi"


async def test_five_hundred_streams_run_in_one_thread(server, answer, collect, text_of):
    active = peak = 0
    everybody = asyncio.Event()

    async def handle(exchange):
        nonlocal active, peak
        active += 1
        peak = max(peak, active)
        if active == 500:
            everybody.set()
        await exchange.begin()
        await exchange.send(good(answer))
        await everybody.wait()
        await exchange.send(b"".join(answer()[1:]))
        await exchange.end()
        active -= 1

    server.answers([*answer("warm")])
    await collect()
    server.answers(handle)
    before = threading.active_count()
    threads = []

    async def one():
        deltas, error = await collect()
        threads.append(threading.active_count())
        return error is None and text_of(deltas) == "one two three" and Stop in map(type, deltas)

    assert all(await asyncio.gather(*(one() for _ in range(500))))
    assert peak == 500
    assert max(threads) <= before + 1
