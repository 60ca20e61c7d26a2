"""A service at its worst: it fails, and repeats in what it says every credential that it was given."""

import json
from collections.abc import Callable
from contextlib import ExitStack

from anyio.from_thread import start_blocking_portal
from attrs import define, field

from modelwire.testing import listening


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
    _open: ExitStack = field(factory=ExitStack, repr=False)

    def __enter__(self):
        portal = self._open.enter_context(start_blocking_portal())
        listener = portal.wrap_async_context_manager(listening(self._serve))
        self.url = f"http://127.0.0.1:{self._open.enter_context(listener)}"
        return self

    def __exit__(self, *_):
        self._open.close()

    async def _serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
        if length:
            await reader.readexactly(int(length[0].partition(":")[2]))
        self.requests.append(head)
        writer.write(self._answer(head))
        await writer.drain()
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
