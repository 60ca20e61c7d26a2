"""CPU time per event: one stream of 5,000 pieces of text, plain and over TLS."""

from __future__ import annotations

from statistics import median
from typing import Any

from environments import OWN, PEERS
from processes import Bench
from results import NAMES, Bars, Result, Target, paired, ratio, table

TITLE = "CPU per event"
EVENTS = 5000
_STREAMING = tuple(name for name in PEERS if name != "llm")


_CHAT = ("modelwire_chat", "any_llm_chat", "litellm_chat")


def measure(bench: Bench) -> Result:
    plain, tls = (_times(bench, "burst", (*OWN, *_STREAMING), tls=tls) for tls in (False, True))
    chat = _times(bench, "chat", _CHAT)
    rows = [
        [
            NAMES[name],
            *(
                figure
                for found in (plain, tls)
                for figure in (
                    _microseconds(found[name]) if name in found else "–",
                    ratio(paired(found[name], found["modelwire"]), 1) if name in found else "–",
                )
            ),
        ]
        for name in (*OWN, *_STREAMING)
        if name in plain or name in tls
    ]
    rows += [
        [NAMES[name], f"not measured: {why}", "", "", ""]
        for name, why in bench.environments.missing.items()
        if name in _STREAMING and name not in plain
    ]
    head = ["", "plain, µs", "x modelwire", "TLS, µs", "x modelwire"]
    targets = []
    for how, found in (("plain", plain), ("TLS", tls)):
        own = found["modelwire"]
        for name in _STREAMING:
            if name in found:
                limit = 0.25 if name in ("boto3", "aiobotocore") else 0.1
                what = f"CPU per event, {how}, of {NAMES[name]}'s"
                targets.append(Target(what, paired(own, found[name]), limit, digits=3))
        what = f"CPU per event, {how}, of the floor's"
        targets.append(Target(what, paired(own, found["floor"]), 1.25))
    for name in _CHAT[1:]:
        if name in chat:
            what = f"CPU per event, Chat Completions, of {NAMES[name.removesuffix('_chat')]}'s"
            share = paired(chat["modelwire_chat"], chat[name])
            targets.append(Target(what, share, 0.1, digits=3))
    return Result(
        f"{table(head, rows)}\n\nChat Completions, plain:\n\n{_chat_table(chat)}",
        targets,
        [
            Bars(
                "CPU per event",
                "µs",
                {name: median(plain[name]) * 1e6 / EVENTS for name in plain},
            )
        ],
        {"plain": plain, "tls": tls, "chat": chat, "events": EVENTS},
    )


def _microseconds(seconds: list[float]) -> str:
    return f"{median(seconds) * 1e6 / EVENTS:.1f}"


def _chat_table(chat: dict[str, list[float]]) -> str:
    rows = [
        [
            NAMES[name.removesuffix("_chat")],
            _microseconds(seconds),
            ratio(paired(seconds, chat["modelwire_chat"]), 1),
        ]
        for name, seconds in chat.items()
    ]
    return table(["", "plain, µs", "x modelwire"], rows)


def _times(
    bench: Bench, what: str, names: tuple[str, ...], *, tls: bool = False
) -> dict[str, list[float]]:
    """The CPU time of a stream in each round, in seconds, by peer."""
    times: dict[str, list[float]] = {}
    with (
        bench.server(what, events=EVENTS, tls=tls) as url,
        bench.drivers(names, url) as drivers,
    ):
        for number in range(bench.rounds(11, 3) + 1):
            for driver in drivers:
                answer = driver.ask("stream")
                problem = _problem(answer)
                if problem is not None:
                    bench.environments.missing[driver.name] = problem
                elif number:  # the first round warms up
                    times.setdefault(driver.name, []).append(answer["cpu"])
    return {name: found for name, found in times.items() if name not in bench.environments.missing}


def _problem(answer: dict[str, Any]) -> str | None:
    if "error" in answer:
        return str(answer["error"])
    if answer["characters"] != EVENTS * len(" word 000000 of it"):
        return f"it lost text: {answer['characters']} characters arrived"
    return None
