"""The gateway beside LiteLLM's proxy and a floor, in front of the same fake provider."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from statistics import median
from typing import Any

from attrs import frozen

from gateway_streams import leave_early, many_streams
from gateways import FLOOR, GATEWAYS, Gateway, gateway, provider
from http_load import LoadRequest, at_a_rate, at_once, make_request
from processes import Bench
from results import Result, Target, milliseconds, paired, ratio, table
from upstream import LAST

TITLE = "Gateway"
_OWN, _PEER = GATEWAYS
_PROVIDER = "provider"
_NAMES = {
    _PROVIDER: "the provider itself",
    FLOOR: "floor (passes on what it gets)",
    _OWN: "**modelwire serve**",
    _PEER: "LiteLLM's proxy",
}
_RATE = 50.0
_CONNECTIONS = 8
_COST_SECONDS, _WAIT_SECONDS, _QUICK_SECONDS = 2.0, 3.0, 1.0
"""For which a server is loaded in a round."""
_LIMITS = {"added p50": 0.001, "added p99": 0.005}
"""Seconds that the gateway may add."""
_STREAMS = 2000
_LEAVERS = 1000
_FEW = 200
"""Streams of a quick run."""
_GROWTH = 5.0
"""MB that a second round of as many streams may leave behind."""


@frozen
class _Kind:
    """What clients ask for."""

    title: str
    path: str
    stream: bool
    holds: bytes

    def request(self, key: str) -> LoadRequest:
        said = "Say something about words, please, in a few sentences."
        body = {
            "model": "burst",
            "max_tokens": 100,
            "stream": self.stream,
            "messages": [{"role": "user", "content": said}],
        }
        return make_request(self.path, body, key, holds=self.holds)


_CHAT = "/v1/chat/completions"
_KINDS = (
    _Kind("Chat Completions", _CHAT, stream=False, holds=LAST),
    _Kind("Chat Completions, streamed", _CHAT, stream=True, holds=b"data: [DONE]"),
    _Kind("Messages", "/v1/messages", stream=False, holds=LAST),
    _Kind("Messages, streamed", "/v1/messages", stream=True, holds=b"event: message_stop"),
)
Found = dict[str, dict[str, list[Any]]]
"""Of each kind of request, what each server took in each round."""
Take = Callable[[Gateway, LoadRequest], Coroutine[Any, Any, Any]]


def measure(bench: Bench) -> Result:
    """Measure."""
    with _own_core() as core:
        with ExitStack() as stack:
            servers = _started(bench, stack, core)
            _note_versions(bench)
            cost = _cost_of(_QUICK_SECONDS if bench.quick else _COST_SECONDS)
            wait = _waits_of(_QUICK_SECONDS if bench.quick else _WAIT_SECONDS)
            costs = asyncio.run(_in_turn(bench, servers, cost, asked_itself=False))
            waits = asyncio.run(_in_turn(bench, servers, wait, asked_itself=True))
        with (
            provider() as upstream,
            gateway(bench, _OWN, upstream.url, core=core) as own,
        ):
            assert own is not None
            count, leavers = (_FEW, _FEW) if bench.quick else (_STREAMS, _LEAVERS)
            streams = asyncio.run(many_streams(own, upstream, count))
            left = asyncio.run(leave_early(own, upstream, leavers))
    latencies = {
        kind: {name: _added(rounds, found[_PROVIDER]) for name, rounds in found.items()}
        for kind, found in waits.items()
    }
    tables = [
        _cost_table(costs, bench.environments.missing.get(_PEER)),
        f"Latency at {_RATE:g} requests per second:\n\n{_latency_table(latencies)}",
        _floor_text(costs, latencies),
        _stream_table(streams),
        _left_text(left),
        _load_text(os.getloadavg()[2]),
    ]
    targets = [*_cost_targets(costs), *_latency_targets(latencies), *_stream_targets(streams, left)]
    raw = {"costs": costs, "latencies": latencies, "streams": streams, "left": left}
    return Result("\n\n".join(tables), targets, [], raw, _short(costs, latencies, streams))


def _short(
    costs: Found, latencies: dict[str, dict[str, dict[str, float]]], streams: dict[str, Any]
) -> str:
    """The figures that matter most, for the page of the gateway."""
    first = streams["rounds"][0]
    rows = [
        [f"{title}: requests per CPU second", *(_figure(found, name, _rate) for name in GATEWAYS)]
        for title, found in costs.items()
    ]
    rows += [
        [
            f"{title}, {_RATE:g} a second: {key}, ms",
            *(_figure(found, name, lambda of, key=key: milliseconds(of[key])) for name in GATEWAYS),
        ]
        for title, found in latencies.items()
        for key in _LIMITS
    ]
    rows.append([f"{streams['count']:,} open streams: KB each", f"{_per_stream(first):.0f}", "–"])
    return table(["", *(_NAMES[name] for name in GATEWAYS)], rows)


def _rate(seconds: list[float]) -> str:
    return f"{1 / median(seconds):,.0f}"


def _figure(found: dict[str, Any], name: str, write: Callable[[Any], str]) -> str:
    return write(found[name]) if name in found else "–"


@contextmanager
def _own_core() -> Iterator[int | None]:
    """A core for a gateway, which the client and the provider leave to it; `None` where there is one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        yield None
        return
    os.sched_setaffinity(0, cores[1:])
    try:
        yield cores[0]
    finally:
        os.sched_setaffinity(0, cores)


def _note_versions(bench: Bench) -> None:
    bench.versions |= {
        name: version(name) for name in ("modelwire-gateway", "starlette", "uvicorn")
    }
    if _PEER not in bench.environments.missing:
        pins = bench.environments.pins(_PEER)
        bench.versions |= {name.partition("[")[0]: pin for name, pin in pins.items()}


def _started(bench: Bench, stack: ExitStack, core: int | None) -> list[Gateway]:
    """The provider, and the gateways that can be had."""
    upstream = stack.enter_context(provider())
    made = [
        stack.enter_context(gateway(bench, name, upstream.url, core=core))
        for name in (FLOOR, *GATEWAYS)
    ]
    return [upstream, *(server for server in made if server is not None)]


async def _in_turn(
    bench: Bench, servers: list[Gateway], take: Take, *, asked_itself: bool
) -> Found:
    """What each server took, in rounds in which one is measured after another; the first warms up."""
    found: Found = {kind.title: {} for kind in _KINDS}
    for number in range(bench.rounds(5, 1) + 1):
        for kind in _KINDS:
            for server in servers:
                if server.name == _PROVIDER and not asked_itself:
                    continue
                # The provider speaks no other API, and the floor passes on its answers as they are.
                if kind.path != _CHAT and (asked_itself or server.name == FLOOR):
                    continue
                got = await take(server, kind.request(server.key))
                if number:
                    found[kind.title].setdefault(server.name, []).append(got)
    return {title: by_name for title, by_name in found.items() if by_name}


def _cost_of(seconds: float) -> Take:
    """CPU seconds of a request, where a gateway gets as many as it can serve."""

    async def take(server: Gateway, request: LoadRequest) -> float:
        cpu = server.cpu()
        answered = await at_once(server.url, request, connections=_CONNECTIONS, seconds=seconds)
        return (server.cpu() - cpu) / answered

    return take


def _waits_of(seconds: float) -> Take:
    """Seconds until each answer was whole, where requests come at a rate."""

    async def take(server: Gateway, request: LoadRequest) -> list[float]:
        return await at_a_rate(server.url, request, rate=_RATE, seconds=seconds)

    return take


def _added(rounds: list[list[float]], itself: list[list[float]]) -> dict[str, float]:
    """The p50 and p99 of a server, and the medians of what it added in a round to the provider's."""
    every = sorted(seconds for each in rounds for seconds in each)
    return {
        "p50": _quantile(every, 0.5),
        "p99": _quantile(every, 0.99),
        **{
            f"added {name}": median(
                _quantile(sorted(one), part) - _quantile(sorted(other), part)
                for one, other in zip(rounds, itself, strict=True)
            )
            for name, part in (("p50", 0.5), ("p99", 0.99))
        },
    }


def _quantile(values: list[float], part: float) -> float:
    return values[int(len(values) * part)]


def _cost_table(costs: Found, missing: str | None) -> str:
    rows = []
    for title, found in costs.items():
        own, peer = found[_OWN], found.get(_PEER)
        per_second = [_figure(found, name, _rate) for name in (*GATEWAYS, FLOOR)]
        rows.append(
            [title, *per_second[:2], ratio(paired(peer, own), 1) if peer else "–", per_second[2]]
        )
    head = ["requests per CPU second", _NAMES[_OWN], _NAMES[_PEER], "times as many", _NAMES[FLOOR]]
    note = f"\n\n{_NAMES[_PEER]} was not measured: {missing}." if missing else ""
    return table(head, rows) + note


def _latency_table(latencies: dict[str, dict[str, dict[str, float]]]) -> str:
    head = ["", "p50 ms", "p99 ms", "added p50 ms", "added p99 ms"]
    rows = []
    for title, found in latencies.items():
        for name, of in found.items():
            added = ["added p50", "added p99"] if name != _PROVIDER else []
            figures = [milliseconds(of[key], 2) for key in ("p50", "p99", *added)]
            rows.append([f"{title}: {_NAMES[name]}", *figures, *["–"] * (4 - len(figures))])
    return table(head, rows)


def _floor_text(costs: Found, latencies: dict[str, dict[str, dict[str, float]]]) -> str:
    """What the floor says of the others."""
    shares = [
        f"{milliseconds(found[FLOOR][key], 2)} of {milliseconds(found[_OWN][key], 2)} ms at the {of} ({title})"
        for title, found in latencies.items()
        for key, of in (("added p50", "median"), ("added p99", "99th percentile"))
    ]
    cpu = [
        f"{milliseconds(median(costs[title][FLOOR]), 2)} of {milliseconds(median(costs[title][_OWN]), 2)} ms"
        for title in latencies
    ]
    return (
        "The floor has the same server and the same client, uvicorn and aiohttp. It asks for no key, counts "
        "nothing, and copies the bytes of the provider to the client, so it speaks the provider's API alone. Of "
        "what it adds, a gateway on these libraries can save next to nothing: "
        f"{', '.join(shares)}; and of the CPU time of a request {' and '.join(cpu)}. A process that was idle before "
        "a request takes several times as long for it as one that is always busy, which is most of the floor's latency."
    )


def _stream_table(streams: dict[str, Any]) -> str:
    head = ["", "open at once", "lost", "KB per stream", "MB before", "MB after", "CPU s"]
    rows = [
        [
            f"{streams['count']:,} streams, round {number}",
            f"{each['most']:,}",
            f"{each['lost']}",
            f"{_per_stream(each):.0f}",
            *(f"{each[key] / 1e6:.1f}" for key in ("before", "after")),
            f"{each['cpu']:.1f}",
        ]
        for number, each in enumerate(streams["rounds"], 1)
    ]
    return table(head, rows)


def _per_stream(each: dict[str, Any]) -> float:
    """KB of memory of a stream that is open, of the round that has them for the first time."""
    return max(0.0, (each["open"] - each["before"]) / max(1, each["most"]) / 1024)


def _left_text(left: dict[str, Any]) -> str:
    ended = "–" if left["seconds"] is None else f"{left['seconds']:.2f} s"
    rest = "–" if left["seconds_to_none"] is None else f"{left['seconds_to_none']:.2f} s"
    return (
        f"Of {left['count']:,} streams, {left['left']:,} were left at random instants: {ended} after the last "
        f"of them the provider sent only what was read, and {rest} after all others were left at once, "
        f"nothing. Once idle connections had been closed, {left['running']} answers were running, and "
        f"{left['connections']} connections were open."
    )


def _load_text(load: float) -> str:
    return (
        f"The machine has {os.cpu_count()} cores, and its load average over 15 minutes was {load:.1f} at the end; "
        "this benchmark alone makes it 2 at most."
    )


def _cost_targets(costs: Found) -> list[Target]:
    return [
        Target(
            f"CPU of a request through the gateway, {title}, of LiteLLM's proxy",
            1 / paired(found[_PEER], found[_OWN]),
            0.1,
            digits=3,
        )
        for title, found in costs.items()
        if _PEER in found
    ]


def _latency_targets(latencies: dict[str, dict[str, dict[str, float]]]) -> list[Target]:
    targets = []
    for title, found in latencies.items():
        own, peer = found[_OWN], found.get(_PEER)
        for key, limit in _LIMITS.items():
            what = f"Gateway, {title} at {_RATE:g} requests per second: {key}"
            targets.append(Target(what, own[key] * 1e3, limit * 1e3, " ms"))
        if peer is not None:
            what = f"Gateway, {title}: added p50, of LiteLLM's proxy"
            targets.append(Target(what, own["added p50"] / peer["added p50"], 0.1, digits=3))
    return targets


def _stream_targets(streams: dict[str, Any], left: dict[str, Any]) -> list[Target]:
    first, second = streams["rounds"]
    count = streams["count"]
    return [
        Target(
            f"Gateway: lost of twice {count:,} streams", first["lost"] + second["lost"], 0, digits=0
        ),
        Target(
            f"Gateway: memory that {count:,} more streams leave behind",
            (second["after"] - first["after"]) / 1e6,
            _GROWTH,
            " MB",
            1,
        ),
        Target(
            "Gateway: answers that still run after their clients left", left["running"], 0, digits=0
        ),
        Target("Gateway: connections still open then", left["connections"], 0, digits=0),
    ]
