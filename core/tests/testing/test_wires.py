"""The servers of the kit: real sockets, read by readers that share nothing with them."""

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest

from modelwire.messages import ToolCall
from modelwire.testing import (
    Gate,
    JsonLinesWire,
    ReceivedRequest,
    Reply,
    SseWire,
    WireServer,
    fragments,
    pieces,
)


class Lines(JsonLinesWire):
    def events(self, answer):
        yield {"text": answer.content[0].text}


class Events(SseWire):
    def events(self, answer):
        yield answer.content[0].text


@pytest.fixture
def server():
    with WireServer() as server:
        yield server


def ask(server, body=None):
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    connection.request("POST", "/v1/x?y=1", body, {"X-Key": "k"})
    response = connection.getresponse()
    try:
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def test_replies_come_in_order_with_their_headers(server):
    server.script(Reply([b"one", b"two"], headers={"X-A": "1"}), Reply([b"no"], status=429))
    status, headers, body = ask(server)
    assert (status, headers["X-A"], body) == (200, "1", b"onetwo")
    assert ask(server)[::2] == (429, b"no")
    assert server.unexpected == 0
    assert ask(server)[0] == 400
    assert server.unexpected == 1


def test_requests_are_kept(server):
    server.always(Reply())
    ask(server, json.dumps({"a": [{"b": "said"}, 7, True]}).encode())
    (request,) = server.requests
    assert (request.method, request.target, request.headers["x-key"]) == ("POST", "/v1/x?y=1", "k")
    assert request.values() == ["a", "b", "said", 7, True]
    assert request.says("sai")
    assert request.holds(7)
    assert not request.holds(1)  # True is no number


def test_a_body_in_chunks_is_read(server):
    server.script(Reply([b"ok"]))
    status, _, body = ask(server, iter([b'{"a":', b"1}"]))
    assert (status, body) == (200, b"ok")
    assert server.requests[0].data == {"a": 1}


def test_requests_aside_are_answered_apart():
    def aside(request: ReceivedRequest):
        return Reply([b"token"]) if request.body == b"token please" else None

    with WireServer(aside) as server:
        server.script(Reply([b"answer"]))
        assert ask(server, b"token please")[2] == b"token"
        assert ask(server, b"question")[2] == b"answer"
        assert len(server.requests) == 1


def test_a_cut_body_ends_without_its_end(server):
    server.script(Reply([b"some"], end="cut"))
    with pytest.raises(http.client.IncompleteRead):
        ask(server)


def test_a_reset_is_a_reset(server):
    server.script(Reply([b"some"], end="reset"))
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        ask(server)


def test_a_gate_holds_until_it_is_opened(server):
    gate = Gate()
    server.script(Reply([b"first", gate, b"second"]))
    with socket.create_connection(("127.0.0.1", urlsplit(server.url).port), timeout=10) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        arrived = b""
        while b"first" not in arrived:
            arrived += peer.recv(1000)
        assert b"second" not in arrived
        gate.open()
        while b"second" not in arrived:
            arrived += peer.recv(1000)
    assert not gate.given_up


def test_a_client_that_leaves_is_noticed(server):
    server.script(Reply([b"first"], end="stall"))
    with socket.create_connection(("127.0.0.1", urlsplit(server.url).port), timeout=10) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert peer.recv(1000)
        assert not server.left.is_set()
    assert server.client_left()


def test_events_are_written_as_their_kind_wants_it():
    assert Events().encode({"a": "ü"}) == 'data: {"a": "ü"}\n\n'.encode()
    assert Events().encode(("named", {"a": 1})) == b'event: named\ndata: {"a": 1}\n\n'
    assert Events().encode("[DONE]") == b"data: [DONE]\n\n"
    assert Events().encode("two\nlines") == b"data: two\ndata: lines\n\n"
    assert Lines().encode({"a": 1}) == b'{"a": 1}\n'


def test_what_is_said_is_cut_and_nothing_is_lost():
    assert pieces("abcdefghij") == ["abcd", "efgh", "ij"]
    call = ToolCall("1", "t", {"city": "São Paulo", "n": [1, 2]})
    parts = fragments(call)
    assert len(parts) > 3
    assert json.loads("".join(parts)) == call.arguments


def test_a_server_ends_quietly_beside_open_connections(caplog):
    for _ in range(5):
        with WireServer() as server:
            place = urlsplit(server.url)
            plugs = [socket.create_connection((place.hostname, place.port)) for _ in range(5)]
        for plug in plugs:
            plug.close()
    assert caplog.records == []
