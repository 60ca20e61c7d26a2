"""HTTP as bytes on a socket: what no client library would send."""

import asyncio
import contextlib

from attrs import frozen

__all__ = ["RawAnswer", "answers", "connection", "exchange", "head"]


@frozen
class RawAnswer:
    """An answer, as it came."""

    status: int
    fields: dict
    body: bytes


def head(method, path, *fields, key="mw-test", host="127.0.0.1"):
    """The head of a request, with the key and the host unless they are left out."""
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"Host: {host}"] * (host is not None)
    lines += [f"Authorization: Bearer {key}"] * (key is not None)
    return "\r\n".join([*lines, *fields, "", ""]).encode("latin-1")


@contextlib.asynccontextmanager
async def connection(url):
    """A connection that is closed in every case."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def answers(reader, most=1, *, bodies=True):
    """Up to a number of answers; fewer where the server closes before. Those to HEAD have no bodies."""
    found = []
    while len(found) < most:
        try:
            start = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            break
        first, *lines = start.decode("latin-1").strip().split("\r\n")
        fields = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
        }
        size = int(fields.get("content-length", 0)) if bodies else 0
        body = await reader.readexactly(size)
        found.append(RawAnswer(int(first.split(" ")[1]), fields, body))
    return found


async def exchange(url, data, *, seconds=100.0):
    """The answer to some bytes; `None` where the server closes without one.

    Raises:
        TimeoutError: Neither comes.
    """
    async with asyncio.timeout(seconds), connection(url) as (reader, writer):
        with contextlib.suppress(OSError):
            writer.write(data)
            await writer.drain()
        found = await answers(reader, bodies=not data.startswith(b"HEAD"))
        return found[0] if found else None
