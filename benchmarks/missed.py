"""The missed targets: by how much each is missed, and what the remaining cost consists of.

The reasons come from profiles of modelwire, which the benchmark does not take: shares of the time of
one process, taken with `cProfile`, and of the instructions of Python's own machine, by function.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["missed"]

_REASONS: Mapping[str, tuple[str, str]] = {
    "A new process": (
        r"CPU of a new process",
        (
            "Nearly all of it is imports. The bare reader on aiohttp, whose imports modelwire needs, too, takes "
            "nine tenths of what boto3 takes in all; half of that is asyncio, aiohttp and its TLS context. Of "
            "what modelwire adds, more than half is the making of some 170 attrs classes, each of which compiles "
            "its methods when it is imported, and most of the rest the loading of some 240 modules. botocore is "
            "not among them with keys or a bearer token; with a profile or a role it is imported for the "
            "credentials, which adds a fifth. The package of prices, which the gateway needs and this environment "
            "therefore has, adds 140 ms with the modules that it imports."
        ),
    ),
    "A short request": (
        r"CPU of a (?:short request|start, sustained)",
        (
            "A request passes through some nine hundred calls of modelwire's own functions, and none of them "
            "takes a twentieth of the instructions. Writing the request from the messages and the options takes "
            "20 %, signing it 8 %, sending it and waiting for the head 15 %, translating what arrives 13 %, the "
            "events and the message 14 %, finding the model, its options and the credentials 10 %; the rest are "
            "the layers between: the gate of starts, fallbacks, retries, the hooks of plugins, and secrets that "
            "are kept out of errors. The floor does nothing of that."
        ),
    ),
    "Streams that begin at once": (
        r"First event of .* streams begun at once",
        (
            "The last stream waits for the CPU time of all before it, so that its time follows that of a short "
            "request, and the gate lets others read in between. What comes before the gate is a tenth of it."
        ),
    ),
    "An event of Converse": (
        r"CPU per event, (?:plain|TLS), of the floor's",
        (
            "Three quarters of an event are aiohttp's and the decoder's. The rest are the event's object, the "
            "piece of text that is kept for the message, a look at whether it is plain text, and the generators "
            "that hand it on: four calls."
        ),
    ),
    "An event of Responses, Chat Completions or Messages": (
        r"CPU per event, (?:Responses|Chat Completions|Messages), of the floor's",
        (
            "A piece of text is decoded by type, as the floor does, but only where the event says nothing else: it "
            "must not report a failure or be nested too deep. On Bedrock it passes through two plugins, the one for "
            "Bedrock and the one that speaks the API, and the types of what the second yields are checked in between. "
            "The rest are the event's objects and the piece that is kept for the message."
        ),
    ),
    "`modelwire models list` with 50 plugins": (
        r"`modelwire models list`, 50 plugins",
        (
            "Each of the 50 plugins is imported, since each may detect credentials, and its metadata is read: "
            "about a millisecond for each."
        ),
    ),
    "500 streams": (
        r"500 streams: p99",
        (
            "All streams share one event loop, so that an event that arrives while others are read waits for them. "
            "Which of the late ones wait for what was not measured."
        ),
    ),
    "500 streams at half the pace": (
        r"500 streams at half the pace",
        (
            "Threads are short of nothing at that pace, and only modelwire's own target asks for the figure. A "
            "hundred streams begin in a second, each start takes a millisecond of the event loop, and the events "
            "of the others wait meanwhile."
        ),
    ),
    "Building a request of 400 turns": (
        r"Building a Bedrock request",
        (
            "Each message of the history is checked and repaired in each turn: half of the time goes to going "
            "through its blocks, a seventh to arguments and schemas of tools, a tenth to text. Nothing is kept "
            "from the turn before, since messages can be changed in place."
        ),
    ),
    "A thousand requests in a second": (
        r"Time of 1,000 short requests",
        "One process has one processor, so that it follows from the CPU time of a short request.",
    ),
    "A request through the gateway": (
        r"(?:CPU of a request through the gateway|Gateway, )",
        (
            "About three quarters of its CPU time are spent in the library, which reads a stream of 20 pieces for "
            "it. Some 200 of its function calls are those of the gateway, uvicorn and Starlette; the rest of its "
            "part is system calls and the event loop. What it adds at 50 requests per second is that CPU time, "
            "and the wait for requests that came just before. Between requests at that rate the process is idle, "
            "and takes about twice the CPU time for each that it takes under load. The floor in the tables does "
            "nothing but pass on what it gets, with the same server and the same client, in a fifth to a sixth of "
            "the gateway's CPU time under load; of what it adds, a gateway on these libraries can save next to nothing."
        ),
    ),
    "CPU time of streams through frameworks": (
        r"CPU of \d+ streams through",
        (
            "Beside each figure is what it would be with a model that takes no more than the bare reader: the framework "
            "by itself and the bare reader, on the same streams and in the same run, as in the table. Where that is "
            "more than wanted, no model that reads with asyncio and aiohttp meets the target; events that come one by "
            "one wake the loop each, whatever reads them. What modelwire adds is what it adds without a framework, for "
            "requests and for events. The code of the integrations takes 1 to 4 % of all time, and a tenth where "
            "LangChain's chunks come by the hundred, which it makes."
        ),
    ),
    "First events of streams through frameworks": (
        r"First event of \d+ streams through",
        (
            "pydantic-ai takes more than two milliseconds for an agent's run before its request, and those of all "
            "agents come before the first answer is read, whatever the model: beside each figure is that of a model "
            "that costs nothing. The first streams of a Bedrock model of Strands have a free thread each, so that they wait "
            "for nothing but the answer, which begins after 300 ms; only the others wait."
        ),
    ),
    "An idle stream": (
        r"Memory of an idle stream",
        (
            "aiohttp's connection takes more than half of it. The rest are some hundreds of blocks of memory, the "
            "largest of 1.5 KB: that asyncio keeps track of six asynchronous generators. They hold the request "
            "for what an error says of it, the translator, the message so far, and the secrets to be hidden."
        ),
    ),
}
"""By title: the targets that are meant, and why they are missed."""


def missed(results: Mapping[str, Any]) -> str:
    """A list of the missed targets with their figures and reasons."""
    targets = [target for result in results.values() for target in result["targets"]]
    open_targets = [target for target in targets if target["figure"] > target["limit"]]
    if not open_targets:
        return "No target is missed."
    lines = []
    for title, (pattern, reason) in _REASONS.items():
        found = [target for target in open_targets if re.match(pattern, target["what"])]
        open_targets = [target for target in open_targets if target not in found]
        if found:
            figures = "; ".join(map(_figure, found))
            lines.append(f"- **{title}.** {reason} Measured: {figures}.")
    lines += [f"- **{target['what']}.** Measured: {_figure(target)}." for target in open_targets]
    return "\n".join(lines)


def _figure(target: Mapping[str, Any]) -> str:
    figure, limit, unit = target["figure"], target["limit"], target["unit"]
    note = f" ({target['note']})" if target.get("note") else ""
    return f"{target['what']}: {figure:.{target['digits']}f}{unit}, wanted {limit:g}{unit}{note}"
