"""One transport, used from several event loops and threads."""

import asyncio
import gc
import http.server
import threading
import warnings

import pytest

from modelwire.transport import Request, Transport


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def do_GET(self):
        self.server.connections.add(self.client_address)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections = set()
        self.open = set()

    def process_request(self, request, client_address):
        self.open.add(client_address)
        super().process_request(request, client_address)

    def process_request_thread(self, request, client_address):
        super().process_request_thread(request, client_address)
        self.open.discard(client_address)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/"


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
        # Leaving the server waits until every client has closed its connections.


async def fetch_twice(transport, url):
    answers = []
    for _ in range(2):
        async with transport.send(Request("GET", url)) as response:
            answers.append(await response.read())
    return answers


def test_each_loop_has_its_pool_which_is_closed_with_it(server):
    transport = Transport(environ={})
    for _ in range(3):
        assert asyncio.run(fetch_twice(transport, server.url)) == [b"ok", b"ok"]
    assert len(server.connections) == 3
    assert len(transport._sessions._held) == 1


def test_threads_with_loops_of_their_own_share_a_transport(server):
    transport = Transport(environ={})
    answers = []

    def run():
        answers.append(asyncio.run(fetch_twice(transport, server.url)))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [[b"ok", b"ok"]] * 6
    asyncio.run(transport.aclose())
    assert not transport._sessions


def test_closing_a_transport_closes_the_pools_of_other_loops(server):
    transport = Transport(environ={})
    fetched, closed = threading.Event(), threading.Event()

    async def fetch_and_stay():
        await fetch_twice(transport, server.url)
        fetched.set()
        while not closed.is_set() or server.open:
            await asyncio.sleep(0.005)

    thread = threading.Thread(target=asyncio.run, args=(fetch_and_stay(),))
    thread.start()
    fetched.wait()
    asyncio.run(transport.aclose())
    closed.set()
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_a_transport_that_is_dropped_closes_its_pool(server):
    async def fetch_and_drop():
        await fetch_twice(Transport(environ={}), server.url)
        while server.open:
            await asyncio.sleep(0.005)

    asyncio.run(asyncio.wait_for(fetch_and_drop(), timeout=10))


def test_a_loop_closed_by_hand_does_not_disturb_the_next(server):
    transport = Transport(environ={})
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(fetch_twice(transport, server.url)) == [b"ok", b"ok"]
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    del loop
    with warnings.catch_warnings():
        # asyncio itself warns of a socket that was left open on a loop closed by hand.
        warnings.simplefilter("ignore", ResourceWarning)
        assert asyncio.run(fetch_twice(transport, server.url)) == [b"ok", b"ok"]
        gc.collect()
    assert len(transport._sessions._held) == 1
