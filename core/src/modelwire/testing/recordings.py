"""Recordings of real traffic: one interaction per line.

A file with one interaction as JSON, or a folder of such files, can be read as well. Secrets never
reach a file: only headers that are known to be harmless are kept, no query, and the values of
credentials are removed from bodies.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from attrs import frozen

from modelwire.errors import ConfigError
from modelwire.files import append_text
from modelwire.redaction import looks_secret, secrets_in
from modelwire.transport import Deadlines, Request, Response, Transport

if TYPE_CHECKING:
    from modelwire.transport.body import Body

__all__ = [
    "KEPT_REQUEST_HEADERS",
    "KEPT_RESPONSE_HEADERS",
    "REMOVED",
    "Interaction",
    "RecordingTransport",
    "harmless",
    "is_binary",
    "read_recordings",
    "without_values",
]

KEPT_REQUEST_HEADERS = frozenset({"accept", "content-length", "content-type"})
"""Header fields of any request that hold no secret; a `Request` names more in `public_headers`."""

KEPT_RESPONSE_HEADERS = frozenset(
    {"content-type", "date", "request-id", "retry-after", "x-request-id"}
)
"""Header fields of any response that hold no secret; a `Request` names more in `public_headers`."""

REMOVED = "**REMOVED**"

# Other tools record these as well. They belong to the connection, or to a body that was encoded.
_NOT_PLAYED = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "keep-alive",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


@frozen
class Interaction:
    """One request and its answer.

    Attributes:
        method: The HTTP method.
        uri: The URL of the request, without the query.
        request_headers: The harmless headers.
        body: The JSON body of the request.
        status: The HTTP status.
        headers: The harmless headers of the answer.
        chunks: The body in pieces, each with its delay in seconds.
    """

    method: str
    uri: str
    request_headers: Mapping[str, str]
    body: Any
    status: int
    headers: Mapping[str, str]
    chunks: Sequence[tuple[float, bytes]]

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        chunks = [[round(wait, 4), base64.b64encode(data).decode()] for wait, data in self.chunks]
        return {
            "method": self.method,
            "uri": self.uri,
            "request": {"headers": dict(self.request_headers), "json": self.body},
            "response": {"status": self.status, "headers": dict(self.headers), "chunks": chunks},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Interaction:
        """Read it; the body may also be given whole, under `body_b64`.

        Raises:
            KeyError, TypeError, ValueError: It is not an interaction.
        """
        response, request = data["response"], data["request"]
        if "chunks" in response:
            chunks = [(float(wait), base64.b64decode(text)) for wait, text in response["chunks"]]
        else:
            chunks = [(0.0, base64.b64decode(response["body_b64"]))]
        return cls(
            method=data.get("method", "POST"),
            uri=data["uri"],
            request_headers=request.get("headers", {}),
            body=request.get("json"),
            status=response["status"],
            headers=_played_headers(response.get("headers", {}), chunks),
            chunks=chunks,
        )


def harmless(headers: Mapping[str, str], kept: Collection[str]) -> dict[str, str]:
    """Only the headers that are known to hold no secret, with names in lower case."""
    return {name.lower(): value for name, value in headers.items() if name.lower() in kept}


def is_binary(data: bytes) -> bool:
    """Whether it is the beginning of a binary stream rather than text."""
    return data[:1] == b"\0"


def without_values(
    chunks: Sequence[tuple[float, bytes]], values: Collection[str]
) -> list[tuple[float, bytes]]:
    """Remove values from a body, even across two pieces.

    A binary stream is not changed: its checksums stay valid, and services repeat no credentials
    there.
    """
    if chunks and is_binary(chunks[0][1]):
        return list(chunks)
    whole = b"".join(data for _, data in chunks)
    clean = whole
    for value in sorted(values, key=len, reverse=True):
        clean = clean.replace(value.encode(), REMOVED.encode())
    return list(chunks) if clean == whole else [(chunks[0][0], clean)]


def read_recordings(path: str | Path) -> list[Interaction]:
    """Read a file of recordings, or a folder of files.

    Raises:
        ValueError: The content is not a recording; the message names the place.
        OSError: It cannot be read.
    """
    path = Path(path)
    files = sorted(path.glob("*.json*")) if path.is_dir() else [path]
    return [interaction for file in files for interaction in _read(file)]


def _read(path: Path) -> list[Interaction]:
    interactions = []
    text = path.read_text(encoding="utf-8")
    try:
        whole = json.loads(text)
        documents = [(1, text)] if isinstance(whole, dict) else []
    except ValueError:
        documents = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    for line, document in documents:
        try:
            interactions.append(Interaction.from_json(json.loads(document)))
        except (KeyError, TypeError, ValueError) as error:
            msg = f"{path}:{line}: this is not a recorded interaction: {error!r}."
            raise ValueError(msg) from error
    return interactions


def _played_headers(
    recorded: Mapping[str, str], chunks: Sequence[tuple[float, bytes]]
) -> dict[str, str]:
    """The recorded header fields that are useful in another connection; names in lower case."""
    played = {
        name.lower(): value
        for name, value in recorded.items()
        if name.lower() not in _NOT_PLAYED and not looks_secret(name) and "*" not in value
    }
    if not (chunks and is_binary(chunks[0][1])):
        played.setdefault("content-type", "application/json")
    return played


_SHORTEST_SECRET = 8


class RecordingTransport(Transport):
    """A transport that records requests and responses, one interaction per line.

        runtime = Runtime(config, transport=RecordingTransport("tests/recordings/chat.jsonl"))

    The body received when a response is closed is recorded; a request without a response is not. A
    value of a header that is not known to be harmless is treated as a secret, and removed from the
    bodies too. Only its owner can read the file. Inspect it before you publish it: prompts and
    answers are in it.

    Args:
        path: The file to append to.
        secrets: More texts to remove.
        deadlines: This and the further arguments are those of `Transport`.
        environ: See `Transport`.
        ca_bundle: See `Transport`.
        client_cert: See `Transport`.
        proxy: See `Transport`.
        max_connections: See `Transport`.

    Raises:
        ConfigError: The file cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        secrets: Collection[str] = (),
        deadlines: Deadlines | None = None,
        environ: Mapping[str, str] | None = None,
        ca_bundle: Path | str | None = None,
        client_cert: tuple[Path | str, Path | str] | None = None,
        proxy: str | None = None,
        max_connections: int | None = None,
    ) -> None:
        super().__init__(
            deadlines=deadlines,
            environ=environ,
            ca_bundle=ca_bundle,
            client_cert=client_cert,
            proxy=proxy,
            max_connections=max_connections,
        )
        self._path = Path(path)
        self._secrets = set(secrets)
        self._writing = threading.Lock()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            append_text(self._path, "")
        except OSError as error:
            msg = f"{self._path} cannot be written: {error.strerror or error}."
            raise ConfigError(msg) from error

    def _another(self, ca_bundle: Path | str) -> Transport:
        return RecordingTransport(
            self._path,
            secrets=self._secrets,
            deadlines=self.deadlines,
            environ=self._environ,
            ca_bundle=ca_bundle,
            client_cert=self._client_cert,
            proxy=self._proxy,
            max_connections=self._max_connections,
        )

    async def _open(
        self, request: Request, deadlines: Deadlines, provider: str | None, model: str | None
    ) -> Response:
        response = await super()._open(request, deadlines, provider, model)
        body = _RecordedBody(response, partial(self._keep, request, response))
        return Response(
            response.status,
            response.headers,
            cast("Body", body),
            request_id=response.request_id,
            secrets=secrets_in(request.headers, request.public_headers, request.url),
        )

    def _keep(self, request: Request, response: Response, body: _RecordedBody) -> None:
        secrets = self._secrets | _secrets_of(request)
        sent = (request.body or b"").decode("utf-8", "replace")
        ((_, clean),) = without_values([(0.0, sent.encode())], secrets)
        try:
            data = json.loads(clean)
        except ValueError:
            data = None
        interaction = Interaction(
            method=request.method,
            uri=request.url.partition("?")[0],
            request_headers=harmless(
                request.headers, KEPT_REQUEST_HEADERS | request.public_headers
            ),
            body=data,
            status=response.status,
            headers=harmless(response.headers, KEPT_RESPONSE_HEADERS | request.public_headers),
            chunks=without_values(body.chunks_kept, secrets),
        )
        line = json.dumps(interaction.as_json(), ensure_ascii=False)
        with self._writing:
            append_text(self._path, f"{line}\n")


class _RecordedBody:
    """The body of a response, of which every piece is recorded.

    Args:
        response: The response to read.
        keep: Called once with this body, when it is closed.
    """

    def __init__(self, response: Response, keep: Callable[[_RecordedBody], None]) -> None:
        self._response = response
        self._keep: Callable[[_RecordedBody], None] | None = keep
        self.chunks_kept: list[tuple[float, bytes]] = []

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the pieces as they arrive."""
        last = time.monotonic()
        async with aclosing(self._response.iter_bytes()) as chunks:
            async for chunk in chunks:
                now = time.monotonic()
                self.chunks_kept.append((now - last, chunk))
                last = now
                yield chunk

    def close(self) -> None:
        """Release the connection."""
        self._response.close()
        keep, self._keep = self._keep, None
        if keep is not None:
            keep(self)


def _secrets_of(request: Request) -> set[str]:
    """Header values that may be credentials, and their parts, such as the key after `Bearer`."""
    harmless_ones = KEPT_REQUEST_HEADERS | request.public_headers
    values = [value for name, value in request.headers.items() if name.lower() not in harmless_ones]
    parts = {part for value in values for part in [value, *value.replace(",", " ").split()]}
    return {part for part in parts if len(part) >= _SHORTEST_SECRET}
