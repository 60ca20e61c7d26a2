"""Many streams through one gateway: read to their end, or left by their clients."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import Any

from gateways import Gateway
from http_load import Client, LoadAnswer, LoadRequest, make_request
from upstream import PIECES

__all__ = ["leave_early", "many_streams"]

_ROUNDS = 2
_PER_SECOND = 150
"""Streams that begin in a second."""
_LEAVING_SECONDS = 3.0
_PATIENCE = 120.0
_POLL = 0.05
_IDLE_SECONDS = 40.0
"""For which a connection may wait for its next request."""


async def many_streams(gateway: Gateway, provider: Gateway, count: int) -> dict[str, Any]:
    """Read so many streams at once to their end, twice.

    Returns:
        How many were `lost`, how many were open at `most`, bytes of memory `before`, while all were
        `open`, at the end of that time (`later`) and `after` each round, and CPU seconds (`cpu`).
    """
    await _read_all(gateway, 20)  # what is loaded with the first answers is no growth
    rounds = []
    for _ in range(_ROUNDS):
        before, cpu = gateway.memory(), gateway.cpu()
        found = await _read_all(gateway, count)
        await asyncio.sleep(2)
        found |= {"before": before, "after": gateway.memory(), "cpu": gateway.cpu() - cpu}
        found["running"] = (await _open_at(provider))[1]
        rounds.append(found)
    return {"count": count, "rounds": rounds}


async def leave_early(gateway: Gateway, provider: Gateway, count: int) -> dict[str, Any]:
    """Begin so many streams, leave a quarter of them at random instants, and then all others.

    Returns:
        How many were `left`; the `seconds` after the last one left until the provider sent only what
        was still read, and until it sent nothing (`seconds_to_none`), or `None` where that never
        happened; and how many answers it still sent in the end (`running`), over how many open
        `connections`.
    """
    clients = await _begun(gateway, count, seconds=2)
    chance = Random(8)  # noqa: S311 - no secret
    leavers = chance.sample(clients, count // 4)
    instants = sorted(chance.uniform(0, _LEAVING_SECONDS) for _ in leavers)
    began = time.monotonic()
    for instant, (client, _) in zip(instants, leavers, strict=True):
        await asyncio.sleep(max(0.0, began + instant - time.monotonic()))
        client.transport.abort()
    left = {id(client) for client, _ in leavers}
    others = [(client, answer) for client, answer in clients if id(client) not in left]
    seconds = await _until_running(provider, others)
    lost = sum(answer.done.done() and not answer.done.result() for _, answer in others)
    for client, _ in others:
        client.transport.abort()
    to_none = await _until_running(provider, [])
    connections, running = await _open_at(provider)
    ends = time.monotonic() + _IDLE_SECONDS
    while connections and time.monotonic() < ends:
        await asyncio.sleep(1)
        connections, running = await _open_at(provider)
    return {
        "count": count,
        "left": len(leavers),
        "lost": lost,
        "seconds": seconds,
        "seconds_to_none": to_none,
        "running": running,
        "connections": connections,
    }


def _paced(gateway: Gateway, seconds: int) -> LoadRequest:
    body = {
        "model": f"paced-{seconds}",
        "stream": True,
        "messages": [{"role": "user", "content": "Say something slowly."}],
    }
    return make_request("/v1/chat/completions", body, gateway.key, holds=b"data: [DONE]")


async def _begun(
    gateway: Gateway, count: int, *, seconds: int
) -> Sequence[tuple[Client, LoadAnswer]]:
    """Begin streams one after another, and wait until each has had its first bytes."""
    request = _paced(gateway, seconds)
    clients = []
    began = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / _PER_SECOND - time.monotonic()))
        client = await Client.connected(gateway.url)
        clients.append((client, client.begin(request)))
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            await asyncio.gather(*(answer.begun.wait() for _, answer in clients))
    return clients


async def _read_all(gateway: Gateway, count: int) -> dict[str, Any]:
    clients = await _begun(gateway, count, seconds=2)
    unfinished = most = sum(not answer.done.done() for _, answer in clients)
    opened = later = gateway.memory()
    ends = time.monotonic() + _PATIENCE
    while unfinished and time.monotonic() < ends:
        if unfinished == most:
            later = gateway.memory()
        await asyncio.sleep(0.2)
        unfinished = sum(not answer.done.done() for _, answer in clients)
    whole = sum(_is_whole(answer) for _, answer in clients)
    for client, _ in clients:
        client.transport.abort()
    return {"lost": count - whole, "most": most, "open": opened, "later": later}


def _is_whole(answer: LoadAnswer) -> bool:
    """Whether every piece arrived, and the end."""
    is_done = answer.done.done() and answer.done.result()
    return is_done and answer.received.count(b'"content":" word ') == PIECES


async def _until_running(
    provider: Gateway, others: Sequence[tuple[Client, LoadAnswer]]
) -> float | None:
    """Seconds until the provider has ended all answers whose clients left."""
    began = time.monotonic()
    while time.monotonic() - began < _PATIENCE:
        reads = sum(not answer.done.done() for _, answer in others)
        if (await _open_at(provider))[1] <= reads:
            return time.monotonic() - began
        await asyncio.sleep(_POLL)
    return None


async def _open_at(provider: Gateway) -> tuple[int, int]:
    """The connections of the provider, and the answers that it is sending."""
    client = await Client.connected(provider.url)
    answer = client.begin(LoadRequest(b"GET /open HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", b"["))
    await answer.done
    client.transport.abort()
    connections, running = json.loads(answer.received[answer.head :])
    return connections, running
