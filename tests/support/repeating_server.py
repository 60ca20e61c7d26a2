"""A service at its worst: it fails, and repeats in what it says every credential that it was given."""

import asyncio
import json
import threading
from collections.abc import Callable

from attrs import define, field


@define
class RepeatingServer:
    """Answers every request in one way, and tells the credentials that came with it.

    Args:
        told: Makes of a credential the form in which it is told, by default as it came.
        way: `refusal` (401 in JSON), `page` (500 in HTML), `event` (a failure in a stream), `welcome`
            (200 in HTML), `broken event` (JSON in a stream that is none), `no http` (plain text), or a
            URL to which every request is redirected.
    """

    way: str
    told: Callable[[str], str] = str
    requests: list[str] = field(factory=list)
    url: str = ""
    _loop: asyncio.AbstractEventLoop = field(factory=asyncio.new_event_loop, repr=False)
    _thread: threading.Thread | None = None
    _server: asyncio.Server | None = None

    def __enter__(self):
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._run(self._start())
        return self

    def __exit__(self, *_):
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _stop(self):
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)

    async def _serve(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = [
                line for line in head.lower().split("\r\n") if line.startswith("content-length:")
            ]
            if length:
                await reader.readexactly(int(length[0].partition(":")[2]))
            self.requests.append(head)
            writer.write(self._answer(head))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, head):
        names = ("authorization", "api-key", "x-api-key", "x-marked", "x-amz-security-token")
        said = [
            self.told(line.partition(":")[2].strip())
            for line in head.split("\r\n")[1:]
            if line.partition(":")[0].lower() in names
        ]
        told = f"Incorrect API key provided: {' and '.join(said)} (of {head.splitlines()[0]})."
        failure = {"error": {"message": told, "code": "invalid_api_key"}, "message": told}
        words = " and ".join(said)
        names = ("x-repeated", "x-request-id", "request-id", "x-amzn-requestid", "retry-after")
        names += ("x-amzn-errortype", "location", "server", "www-authenticate")
        fields = "\r\n".join(f"{name}: {words}" for name in names) + "\r\nConnection: close"
        data, page = json.dumps(failure), f"<html><title>{told}</title>{told}</html>"
        if self.way == "no http":
            return f"{told}\r\n\r\n".encode()
        answers = {
            "refusal": ("401 No", "application/json", data),
            "page": ("500 No", "text/html", page),
            "event": ("200 OK", "text/event-stream", f"data: {data}\n\n"),
            "welcome": ("200 OK", f"text/html; charset={words}", page),
            "broken event": ("200 OK", "text/event-stream", f'data: {{"a": "{told}\n\n'),
        }
        if self.way in answers:
            return _http(*answers[self.way], fields)
        fields = fields.replace(f"location: {words}", f"location: {self.way}/elsewhere")
        return _http("307 Away", "text/plain", told, fields)


def _http(status, kind, body, fields):
    data = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n{fields}"
    return head.encode() + b"\r\n\r\n" + data
