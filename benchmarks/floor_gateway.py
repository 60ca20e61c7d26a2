"""A gateway that does nothing else: it passes requests on and answers back, and looks into neither.

    python benchmarks/floor_gateway.py --port=8000 --upstream=http://127.0.0.1:9000

It has the server and the client of modelwire's gateway: what a gateway on these libraries takes at least.
"""

from __future__ import annotations

import argparse
import asyncio
import gc

import aiohttp
import uvicorn
from starlette.types import Receive, Scope, Send

_HEALTH = "/healthz"


class PassThrough:
    """An ASGI application.

    Args:
        session: The client.
        upstream: The address of the provider.
    """

    def __init__(self, session: aiohttp.ClientSession, upstream: str) -> None:
        self._session = session
        self._upstream = upstream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with the bytes of the provider."""
        if scope["path"] == _HEALTH:
            await _respond(send, 200, "text/plain", "2")
            await send({"type": "http.response.body", "body": b"ok"})
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message["body"]
            more = message["more_body"]
        async with self._session.post(
            self._upstream + scope["path"], data=body, headers={"content-type": "application/json"}
        ) as answer:
            fields = answer.headers
            await _respond(
                send, answer.status, fields["content-type"], fields.get("content-length")
            )
            content = answer.content
            ended = False
            while not ended:
                data = await content.readany()
                ended = content.at_eof()
                await send({"type": "http.response.body", "body": data, "more_body": not ended})


async def _respond(send: Send, status: int, kind: str, length: str | None) -> None:
    headers = [(b"content-type", kind.encode())]
    if length is not None:
        headers.append((b"content-length", length.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def main(port: int, upstream: str) -> None:
    """Serve until the process is ended."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout()
    ) as session:
        config = uvicorn.Config(
            PassThrough(session, upstream),
            port=port,
            http="httptools",
            loop="asyncio",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
        )
        gc.collect()
        gc.freeze()
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True)
    given = parser.parse_args()
    asyncio.run(main(given.port, given.upstream))
