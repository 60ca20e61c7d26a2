"""Recording real traffic, with secrets removed, to be replayed in tests."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from modelwire.errors import ConfigError
from modelwire.testing.recordings import (
    KEPT_REQUEST_HEADERS,
    KEPT_RESPONSE_HEADERS,
    Interaction,
    harmless,
    without_values,
)
from modelwire.transport import Request, Response, Transport

if TYPE_CHECKING:
    from modelwire.transport.body import Body

__all__ = ["RecordingTransport"]

_SHORTEST_SECRET = 8


class RecordingTransport(Transport):
    """A transport that keeps what passes, one interaction a line.

        runtime = Runtime(config, transport=RecordingTransport("tests/recordings/chat.jsonl"))

    Whatever was sent in a header that is not known to be harmless is taken for a secret, and removed
    from the bodies too. Look at the file before you publish it: prompts and answers are in it.

    Args:
        path: The file to append to.
        secrets: More texts to remove.
        options: Those of `Transport`.

    Raises:
        ConfigError: The file cannot be written.
    """

    def __init__(self, path: str | Path, *, secrets: Collection[str] = (), **options: Any) -> None:
        super().__init__(**options)
        self._path = Path(path)
        self._secrets = set(secrets)
        self._options = options
        self._writing = threading.Lock()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.open("a", encoding="utf-8").close()
        except OSError as error:
            msg = f"{self._path} cannot be written: {error.strerror or error}."
            raise ConfigError(msg) from error

    @asynccontextmanager
    async def send(self, request: Request, **options: Any) -> AsyncGenerator[Response, None]:
        """Send a request; what has arrived when the response is left is kept.

        Raises:
            ModelwireError: As in `Transport.send`; what has no response is not kept.
        """
        async with super().send(request, **options) as response:
            body = _Kept(response)
            try:
                yield Response(response.status, response.headers, cast("Body", body))
            finally:
                self._keep(request, response, body)

    def trusting(self, ca_bundle: Path | str) -> Transport:
        """This transport for a service that has certificates of its own; it records too."""
        return RecordingTransport(
            self._path, secrets=self._secrets, **{**self._options, "ca_bundle": ca_bundle}
        )

    def _keep(self, request: Request, response: Response, body: _Kept) -> None:
        secrets = self._secrets | _secrets_of(request.headers)
        sent = (request.body or b"").decode("utf-8", "replace")
        ((_, clean),) = without_values([(0.0, sent.encode())], secrets)
        try:
            data = json.loads(clean)
        except ValueError:
            data = None
        interaction = Interaction(
            method=request.method,
            uri=request.url.partition("?")[0],
            request_headers=harmless(request.headers, KEPT_REQUEST_HEADERS),
            body=data,
            status=response.status,
            headers=harmless(response.headers, KEPT_RESPONSE_HEADERS),
            chunks=without_values(body.chunks_kept, secrets),
        )
        line = json.dumps(interaction.as_json(), ensure_ascii=False)
        with self._writing, self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


class _Kept:
    """The body of a response, of which every piece is kept."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self.chunks_kept: list[tuple[float, bytes]] = []

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the pieces as they arrive."""
        from contextlib import aclosing

        last = time.monotonic()
        async with aclosing(self._response.iter_bytes()) as chunks:
            async for chunk in chunks:
                now = time.monotonic()
                self.chunks_kept.append((now - last, chunk))
                last = now
                yield chunk

    def close(self) -> None:
        """Let the connection go."""
        self._response.close()


def _secrets_of(headers: Mapping[str, str]) -> set[str]:
    """Values of headers that may be credentials, and their parts, as the key after `Bearer`."""
    values = [value for name, value in headers.items() if name.lower() not in KEPT_REQUEST_HEADERS]
    parts = {part for value in values for part in [value, *value.replace(",", " ").split()]}
    return {part for part in parts if len(part) >= _SHORTEST_SECRET}
