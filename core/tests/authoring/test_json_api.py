"""An API of JSON over HTTP: every form of an answer, and every way in which one fails."""

import asyncio
import json
from contextlib import aclosing

import pytest

from modelwire.authoring import JsonApi, JsonEvent, StreamEnd, fetch_json, stream_json
from modelwire.errors import (
    AuthenticationError,
    BillingError,
    ConnectionFailed,
    MalformedResponse,
    NotFound,
    ProviderError,
    ServerError,
    StreamTruncated,
)
from modelwire.events import ResponseInfo
from modelwire.testing import Gate, Reply
from modelwire.transport import Transport

KEY = "sk-a-key-of-some-length"
ONE, TWO = {"text": "zwölf 🎈"}, {"text": "two"}
HEAD = ResponseInfo(api="acme-chat")
FIRST, SECOND = JsonEvent("message", ONE), JsonEvent("message", TWO)
MARKED, ENDED = StreamEnd(marked=True), StreamEnd()


def sse(*payloads):
    return "".join(f"data: {p if isinstance(p, str) else json.dumps(p)}\n\n" for p in payloads)


@pytest.fixture
def ask(server, transport, api_with, taken):
    """Serve a body and take what arrives, into a list that is there also when it fails."""

    async def run(body, arrived=None, *, pieces=None, reply=None, **settings):
        data = body.encode() if isinstance(body, str) else body
        server.script(Reply([data] if pieces is None else pieces, **(reply or {})))
        stream = stream_json(
            api_with(**settings), f"{server.url}/chat", {"a": 1}, transport=transport, model="m"
        )
        return await taken(stream, arrived)

    return run


class TestForms:
    async def test_server_sent_events_end_where_the_service_marks_it(self, ask):
        body = sse(ONE, TWO, "[DONE]", {"text": "never read"})
        assert await ask(body) == [HEAD, FIRST, SECOND, MARKED]

    async def test_server_sent_events_may_end_with_the_body(self, ask):
        assert await ask(sse(ONE, TWO)) == [HEAD, FIRST, SECOND, ENDED]

    async def test_an_event_has_its_name(self, ask):
        body = f"event: delta\ndata: {json.dumps(ONE)}\n\n"
        assert await ask(body) == [HEAD, JsonEvent("delta", ONE), ENDED]

    @pytest.mark.parametrize("end", ["\n", "\r\n", ""])
    async def test_json_lines_are_events(self, ask, end):
        body = f"{json.dumps(ONE)}\n\n{json.dumps(TWO)}{end}"
        assert await ask(body, lines=True) == [HEAD, FIRST, SECOND, ENDED]

    async def test_an_api_of_json_lines_may_answer_with_events(self, ask):
        assert await ask(sse(ONE), lines=True) == [HEAD, FIRST, ENDED]

    async def test_one_document_is_the_whole_answer_where_the_api_has_that(self, ask):
        whole = JsonEvent("message", ONE, whole=True)
        assert await ask(json.dumps(ONE, indent=1), documents=True) == [HEAD, whole, ENDED]

    async def test_one_document_is_no_answer_where_the_api_has_it_not(self, ask):
        with pytest.raises(MalformedResponse, match="does not follow this API: hello") as caught:
            await ask('{"message": "hello"}')
        assert not caught.value.retryable
        assert "base URL" in caught.value.hint

    @pytest.mark.parametrize("lead", ["\ufeff", "\n \r\n\t", "\ufeff\n\n"])
    @pytest.mark.parametrize("settings", [{}, {"lines": True}, {"documents": True}])
    @pytest.mark.parametrize("size", [1, 2, 5, 1000])
    async def test_what_comes_before_and_how_it_is_cut_changes_nothing(
        self, ask, lead, settings, size
    ):
        text = json.dumps(ONE) if settings else sse(ONE, "[DONE]")
        data = (lead + text).encode()
        cut = [data[at : at + size] for at in range(0, len(data), size)]
        whole = "documents" in settings
        last = MARKED if not settings else ENDED
        expected = [HEAD, JsonEvent("message", ONE, whole=whole), last]
        assert await ask("", pieces=cut, **settings) == expected

    async def test_what_arrives_together_is_given_together(self, server, transport, api_with):
        gate = Gate()
        server.script(Reply([sse(ONE, TWO).encode(), gate, sse(ONE).encode()]))
        stream = stream_json(api_with(), server.url, {}, transport=transport)
        assert await anext(stream) == HEAD
        assert await anext(stream) == [FIRST, SECOND]
        gate.open()
        assert [together async for together in stream] == [[FIRST], [ENDED]]


class TestFailures:
    async def test_a_refusal_is_the_apis_own_error(self, ask):
        with pytest.raises(AuthenticationError, match="no such key") as caught:
            await ask('{"error": "no such key"}', reply={"status": 401})
        assert (caught.value.provider, caught.value.model) == ("acme", "m")

    @pytest.mark.parametrize(
        "body",
        [
            sse({"error": "broken"}),
            "event: error\ndata: broken\n\n",
            'event: error\ndata: ["broken"]\n\n',
            '{"error": "broken"}',
        ],
    )
    async def test_a_failure_in_a_success_is_the_apis_own_error(self, ask, body):
        with pytest.raises(ServerError, match=r"said: .*broken") as caught:
            await ask(body, reply={"headers": {"x-request-id": "req_1"}})
        assert (caught.value.provider, caught.value.model) == ("acme", "m")
        assert caught.value.request_id == "req_1"

    @pytest.mark.parametrize(
        ("bad", "kind"),
        [
            (sse({"error": "broken"}, ONE), ServerError),
            (sse("{broken", ONE), MalformedResponse),
            (sse('"text"'), MalformedResponse),
            (sse("[" * 200 + "]" * 200), MalformedResponse),
            ('data: {"cut', StreamTruncated),
        ],
    )
    async def test_what_came_before_a_fault_is_given_before_it_is_raised(self, ask, bad, kind):
        arrived = []
        with pytest.raises(kind):
            await ask(sse(ONE, TWO) + bad, arrived)
        assert arrived == [HEAD, FIRST, SECOND]

    async def test_a_cut_line_is_a_truncated_answer(self, ask):
        arrived = []
        with pytest.raises(StreamTruncated, match="in the middle of an event"):
            await ask(f'{json.dumps(ONE)}\n{{"cut', arrived, lines=True)
        assert arrived == [HEAD, FIRST]

    @pytest.mark.parametrize("end", ["cut", "reset"])
    async def test_a_broken_connection_comes_after_what_arrived(self, ask, end):
        arrived = []
        with pytest.raises((StreamTruncated, ConnectionFailed)):
            await ask(sse(ONE), arrived, reply={"end": end})
        assert arrived == [HEAD, FIRST]

    @pytest.mark.parametrize("body", ["", "\n\n", "\ufeff", ": ping\n\n"])
    @pytest.mark.parametrize("lines", [True, False])
    async def test_an_answer_that_says_nothing_is_an_error(self, ask, body, lines):
        with pytest.raises(StreamTruncated, match="sent no content"):
            await ask(body, lines=lines)

    async def test_a_page_is_an_error_that_shows_what_it_says(self, ask):
        with pytest.raises(MalformedResponse, match="Sign in") as caught:
            await ask("<html><title>Sign in</title></html>")
        assert not caught.value.retryable

    async def test_a_refused_connection_is_reported(self, api_with, transport, taken):
        listening = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        listening.close()
        await listening.wait_closed()
        with pytest.raises(ConnectionFailed):
            await taken(
                stream_json(api_with(), f"http://127.0.0.1:{port}", {}, transport=transport)
            )


class TestSecrets:
    @pytest.mark.parametrize(
        ("body", "reply"),
        [
            (f'{{"error": "bad key {KEY}"}}', {"status": 400}),
            (sse({"error": {f"key {KEY}": [f"bad key {KEY}"]}}), {}),
            (f"event: error\ndata: bad key {KEY}\n\n", {}),
            (f"<html><title>{KEY}</title></html>", {}),
        ],
    )
    async def test_a_key_that_the_service_repeats_is_hidden(self, ask, body, reply):
        with pytest.raises(ProviderError) as caught:
            await ask(body, reply=reply)
        assert "<hidden>" in str(caught.value)
        assert KEY not in f"{caught.value} {caught.value!r}"

    async def test_the_text_that_could_not_be_read_is_not_kept(self, ask):
        with pytest.raises(MalformedResponse) as caught:
            await ask(sse(f"{{broken {KEY}"))
        chain = [caught.value, caught.value.__cause__, caught.value.__context__]
        assert KEY not in repr([vars(error) for error in chain if error is not None])
        assert KEY not in repr([getattr(error, "doc", "") for error in chain])

    def test_the_api_does_not_show_it(self, api_with):
        assert KEY not in repr(api_with())


class TestRequests:
    async def test_json_is_sent_with_the_headers_of_the_api(self, ask, server):
        await ask(sse(ONE), headers={"content-type": "x/y", "ACCEPT": "x/y", "X-Own": "1"})
        (request,) = server.requests
        assert (request.method, request.target, request.data) == ("POST", "/chat", {"a": 1})
        assert request.headers["content-type"] == "application/json"
        assert request.headers["accept"] == "text/event-stream"
        assert request.headers["x-own"] == "1"

    @pytest.mark.parametrize(
        ("settings", "accepted"),
        [
            ({"documents": True}, "text/event-stream, application/json"),
            ({"lines": True}, "application/x-ndjson"),
        ],
    )
    async def test_a_request_accepts_what_the_api_answers_with(
        self, ask, server, settings, accepted
    ):
        await ask(json.dumps(ONE), **settings)
        assert server.requests[0].headers["accept"] == accepted

    async def test_leaving_a_stream_closes_the_connection(self, server, transport, api_with):
        server.script(Reply([sse(ONE).encode()], end="stall"))
        stream = stream_json(api_with(), server.url, {}, transport=transport)
        async with aclosing(stream):
            assert [await anext(stream), await anext(stream)] == [HEAD, [FIRST]]
        assert await asyncio.to_thread(server.client_left)

    async def test_a_service_that_stays_after_its_end_is_left(self, ask):
        async with asyncio.timeout(20):
            arrived = await ask(sse(ONE, "[DONE]"), reply={"end": "stall"})
        assert arrived == [HEAD, FIRST, MARKED]

    async def test_after_the_end_the_connection_is_used_again(self, kept, api_with, taken):
        body = sse(ONE, "[DONE]").encode()
        async with kept(body) as (url, connections), Transport(environ={}) as transport:
            for _ in range(2):
                stream = stream_json(api_with(), url, {}, transport=transport)
                assert await taken(stream) == [HEAD, FIRST, MARKED]
        assert len(connections) == 1


PLAIN = JsonApi(provider="acme", name="acme-api", headers={})


class TestFetching:
    async def test_json_is_read(self, server, transport, api_with):
        server.script(Reply([b'[{"id": 1}]']))
        url = f"{server.url}/models"
        assert await fetch_json(api_with(), url, transport=transport) == [{"id": 1}]
        (request,) = server.requests
        assert (request.method, request.target) == ("GET", "/models")
        assert request.headers["authorization"] == f"Bearer {KEY}"

    @pytest.mark.parametrize(
        "body", [b"<html>hello</html>", b"hello", b'["hello"', b"[" * 200 + b"]" * 200, b"\xff"]
    )
    async def test_something_else_is_refused(self, server, transport, api_with, body):
        server.script(Reply([body]))
        with pytest.raises(MalformedResponse, match="does not follow this API") as caught:
            await fetch_json(api_with(), server.url, transport=transport)
        assert not caught.value.retryable

    @pytest.mark.parametrize(
        ("body", "kind", "hint"),
        [
            ({"error": "Unexpected endpoint or method. (GET /models)"}, NotFound, "/v1"),
            ({"error": {"code": "invalid_api_key", "message": "No."}}, AuthenticationError, "key"),
            ({"base_resp": {"status_code": 1008, "status_msg": "No."}}, BillingError, "credit"),
            ({"code": 1113, "msg": "No."}, BillingError, "credit"),
            ({"detail": "No."}, ServerError, ""),
        ],
    )
    async def test_a_failure_with_success_is_what_it_says(
        self, server, transport, body, kind, hint
    ):
        server.script(Reply([json.dumps(body).encode()]))
        with pytest.raises(ProviderError) as caught:
            await fetch_json(PLAIN, f"{server.url}/models", transport=transport)
        assert type(caught.value) is kind
        assert hint in (caught.value.hint or "")

    @pytest.mark.parametrize(
        "body",
        [
            {"data": [], "message": "all of them", "error": None},
            {"code": 0, "msg": "success", "data": []},
            [{"id": "m", "message": "a model of ours"}],
        ],
    )
    async def test_a_list_that_says_more_is_a_list(self, server, transport, body):
        server.script(Reply([json.dumps(body).encode()]))
        assert await fetch_json(PLAIN, server.url, transport=transport) == body

    async def test_a_refusal_has_its_type(self, server, transport, api_with):
        server.script(Reply([b"{}"], status=401))
        with pytest.raises(AuthenticationError):
            await fetch_json(api_with(), server.url, transport=transport)
