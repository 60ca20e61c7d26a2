import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from modelwire import Runtime
from modelwire.testing import listening
from modelwire.transport import RetryPolicy

RECORDINGS = Path(__file__).resolve().parents[4] / "shared" / "recordings"


@define
class Service:
    """A real server on loopback that gives prepared answers, byte for byte."""

    answers: list[list[bytes]]
    base_url: str = ""
    heads: list[str] = field(factory=list)
    bodies: list[Any] = field(factory=list)
    closed_by_client: asyncio.Event = field(factory=asyncio.Event)
    hold_open: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            lengths = [
                int(line.partition(":")[2])
                for line in head.splitlines()
                if line.lower().startswith("content-length:")
            ]
            body = await reader.readexactly(lengths[0]) if lengths else b""
            self.bodies.append(json.loads(body) if body else None)
            for piece in self.answers.pop(0):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if self.hold_open:
                await reader.read()
                self.closed_by_client.set()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.closed_by_client.set()
        finally:
            writer.close()


@pytest.fixture
def http():
    """Writes an HTTP answer whose body ends with the connection."""

    def write(
        body: bytes | str, *, status: str = "200 OK", headers: dict[str, str] | None = None
    ) -> bytes:
        data = body.encode() if isinstance(body, str) else body
        given = {"Content-Type": "text/event-stream", **(headers or {}), "Connection": "close"}
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in given.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + data

    return write


@pytest.fixture
def events():
    """Writes payloads as server-sent events."""

    def write(*payloads: Any, done: bool = True) -> str:
        texts = [item if isinstance(item, str) else json.dumps(item) for item in payloads]
        return "".join(f"data: {text}\n\n" for text in [*texts, *(["[DONE]"] if done else [])])

    return write


@pytest.fixture
def serve():
    """Starts a service with prepared answers; each is bytes, or a list of the pieces to send."""

    @asynccontextmanager
    async def start(*answers: bytes | list[bytes], hold_open: bool = False):
        service = Service(
            [[answer] if isinstance(answer, bytes) else answer for answer in answers],
            hold_open=hold_open,
        )
        async with listening(service.serve) as port:
            service.base_url = f"http://127.0.0.1:{port}/v1"
            yield service

    return start


@pytest.fixture
def runtime_for(tmp_path):
    """Makes a runtime with one provider, `acme`, at a base URL; nothing is tried twice."""

    def make(base_url: str, *, environ: dict[str, str] | None = None, **provider: Any) -> Runtime:
        settings = {"api": "openai-completions", "baseUrl": base_url, **provider}
        return Runtime.from_config(
            {"models": {"providers": {"acme": settings}}},
            environ=environ or {},
            retries=RetryPolicy(max_attempts=1),
            cache_directory=tmp_path,
        )

    return make


@pytest.fixture
def recordings() -> Path:
    if not RECORDINGS.is_dir():
        pytest.skip("the recorded traffic is not at hand")
    return RECORDINGS
