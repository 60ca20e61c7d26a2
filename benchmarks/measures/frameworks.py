"""Many streams at once through frameworks: on their Bedrock models, on modelwire's, and on none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from processes import Bench
from results import Result, Target, milliseconds, ratio, table

TITLE = "Through frameworks"
_STREAMS = 256
_FEW = 64
"""Streams of a quick run."""
_LIMIT = 0.2
"""The most that modelwire may take of what the framework's Bedrock model takes."""
_POINTS = ("min", "p50", "max")
_HOWS = ("itself", "modelwire", "bedrock", "threads")
"""What answers: a model that costs nothing, modelwire, boto3, and boto3 with a thread for each stream."""
_REPEATED = ("itself", "modelwire", "")
"""The others take long for a round, and differ by far more than rounds do."""
_READER = "floor"
"""The bare reader: what reads the same streams with aiohttp and a decoder, and does nothing else."""
_READER_SAID = (
    "The *bare reader* reads the same streams with aiohttp and a typed decoder, without a framework, a signature, "
    "a message or a deadline. Its CPU time is added to that of the framework by itself."
)
_LEAST = "least"
"""The framework by itself with the bare reader: what a model on aiohttp costs if it costs nothing else."""


@frozen
class _Pace:
    """How the answers come.

    Attributes:
        name: One word or two.
        title: The same in words.
        events: Pieces of an answer.
        seconds: Seconds between two pieces; 0 sends them all at once.
        late: Seconds before an answer begins.
        wait: Seconds between the head of an answer and the first piece, besides those between two.
        hows: What answers.
    """

    name: str
    title: str
    events: int
    seconds: float = 0.0
    late: float = 0.0
    wait: float = 0.0
    hows: tuple[str, ...] = _HOWS

    @property
    def settings(self) -> str:
        """The same for a model that answers by itself."""
        return f"{self.events},{self.late + self.wait},{self.seconds}"


_PACED = _Pace(
    "paced",
    "an answer begins after 300 ms and has 20 pieces, one every 50 ms",
    events=20,
    seconds=0.05,
    late=0.3,
)
_HEAD_FIRST = _Pace(
    "head first",
    "the same, but the head of an answer is sent at once",
    events=20,
    seconds=0.05,
    wait=0.3,
    hows=("modelwire", "bedrock"),
)
_FAST = _Pace(
    "fast",
    "an answer has 100 pieces, all sent at once",
    events=100,
    hows=("itself", "modelwire", "bedrock"),
)


@frozen
class _Framework:
    """What is compared.

    Attributes:
        title: The framework.
        peer: Its Bedrock model.
        own: The model of ours.
        paces: How the answers come.
    """

    title: str
    peer: str
    own: str
    paces: tuple[_Pace, ...] = (_PACED, _HEAD_FIRST, _FAST)


_BOTH = (_PACED, _FAST)
"""The paces of the targets."""

_COMPARED = {
    "framework_langchain": _Framework("LangChain", "ChatBedrockConverse", "ChatModelwire"),
    "framework_pydantic_ai": _Framework("pydantic-ai", "BedrockConverseModel", "ModelwireModel"),
    # A thread of Strands is held for a whole answer, whenever its head comes.
    "framework_strands": _Framework("Strands", "BedrockModel", "ModelwireModel", (_PACED, _FAST)),
}

Found = dict[str, dict[str, Any]]
"""What a round took, by what answered."""


def measure(bench: Bench) -> Result:
    """Measure."""
    streams = _FEW if bench.quick else _STREAMS
    paces = "\n".join(f"- *{pace.name}*: {pace.title};" for pace in (_PACED, _HEAD_FIRST, _FAST))
    tables = [f"{streams} streams begun at once:\n\n{paces[:-1]}.", _READER_SAID]
    targets: list[Target] = []
    raw: dict[str, dict[str, Found]] = {}
    bare = {pace.name: _median(bench, _READER, pace, streams) for pace in _BOTH}
    for name, framework in _COMPARED.items():
        raw[name] = {pace.name: _found(bench, name, pace, streams) for pace in framework.paces}
        for pace in _BOTH:
            _add_least(raw[name][pace.name], bare[pace.name])
        tables += _section(framework, raw[name])
        tables += _missing(name, framework, bench.environments.missing)
        targets += _targets(framework, raw[name], streams)
    raw[_READER] = {pace: {_READER: got} for pace, got in bare.items() if got}
    return Result("\n\n".join(tables), targets, [], raw)


def _found(bench: Bench, name: str, pace: _Pace, streams: int) -> Found:
    """What a round took, by what answered, each in a process of its own."""
    found: Found = {}
    for how in pace.hows:
        settings = {"itself": pace.settings, "threads": str(streams)}.get(how, "")
        got = _median(bench, f"{name}:{how}:{settings}", pace, streams)
        if got:
            found[how] = got
    return found


def _add_least(found: Found, reader: Mapping[str, Any]) -> None:
    if "itself" in found and reader:
        found[_LEAST] = {"cpu": found["itself"]["cpu"] + reader["cpu"]}


def _median(bench: Bench, peer: str, pace: _Pace, streams: int) -> dict[str, Any]:
    """What the round in the middle took, by CPU time; nothing where it could not be measured."""
    how = peer.partition(":")[2].partition(":")[0]
    rounds = bench.rounds(3, 1) if how in _REPEATED else 1
    got = sorted(_rounds(bench, peer, pace, streams, rounds), key=lambda each: each["cpu"])
    return got[len(got) // 2] if got else {}


def _rounds(
    bench: Bench, peer: str, pace: _Pace, streams: int, rounds: int
) -> list[dict[str, Any]]:
    """What each round took; a connection ends with its answer, so that each round opens new ones."""
    found: list[dict[str, Any]] = []
    what = "paced" if pace.seconds else "burst"
    told = {name: getattr(pace, name) for name in ("events", "seconds", "late", "wait")}
    with bench.server(what, close=1, **told) as url, bench.drivers([peer], url) as drivers:
        for driver in drivers:
            driver.ask("warm", times=2)
            for _ in range(rounds):
                got = driver.ask("starts", streams=streams)
                if got.get("pieces", 0) < streams * pace.events:
                    bench.environments.missing[peer] = str(got.get("error", "it lost text"))
                    return []
                found.append(got)
    return found


def _section(framework: _Framework, found: Mapping[str, Found]) -> list[str]:
    """A table, and a sentence on what the framework costs."""
    names = {
        "itself": f"{framework.title} by itself",
        _LEAST: f"{framework.title} by itself and the bare reader",
        "modelwire": f"**{framework.own}**",
        "bedrock": framework.peer,
        "threads": f"{framework.peer}, a thread for each stream",
    }
    first = "p50, ms"
    head = [
        framework.title,
        *("first event min, ms", first, "max, ms", "threads", "CPU s", "x"),
        *(f"{first}, head first", "CPU s, fast", "x"),
    ]
    rows = [[name, *_figures(how, found)] for how, name in names.items()]
    return [table(head, rows), *_cost(framework, found)]


def _figures(how: str, found: Mapping[str, Found]) -> list[str]:
    paced = found["paced"].get(how, {})
    head_first = found.get("head first", {}).get(how, {})
    return [
        *(milliseconds(paced.get(point), 0) for point in _POINTS),
        str(paced.get("threads", "–")),
        *_cpu(how, found["paced"]),
        milliseconds(head_first.get("p50"), 0),
        *_cpu(how, found["fast"]),
    ]


def _cpu(how: str, found: Found) -> list[str]:
    if how not in found:
        return ["–", "–"]
    cpu = found[how]["cpu"]
    return [f"{cpu:.2f}", ratio(cpu, found["modelwire"]["cpu"]) if "modelwire" in found else "–"]


def _cost(framework: _Framework, found: Mapping[str, Found]) -> list[str]:
    """What the framework costs by itself, and what an event loop adds to that whatever the model."""
    parts = []
    for pace in _BOTH:
        cpu = {how: got["cpu"] for how, got in found[pace.name].items()}
        if cpu.keys() >= {"itself", _LEAST, "bedrock"}:
            share = cpu[_LEAST] / cpu["bedrock"]
            parts.append(
                f"{pace.name}, it takes {cpu['itself']:.2f} s of CPU time, which is "
                f"{cpu['itself'] / cpu['bedrock']:.0%} of that with {framework.peer}, and with the bare reader "
                f"{cpu[_LEAST]:.2f} s, which is {share:.0%}, "
                f"{'more than' if share > _LIMIT else 'within'} the {_LIMIT:.0%} of the target"
            )
    first = _firsts(found["paced"])
    if first:
        parts.append(
            f"paced, its first events come after {first} of the time with {framework.peer}"
        )
    return [f"What {framework.title} costs by itself: {'; '.join(parts)}."] if parts else []


def _firsts(found: Found) -> str:
    """When first events come with the framework by itself, as shares of its Bedrock model's."""
    if not found.keys() >= {"itself", "bedrock"}:
        return ""
    own, peer = found["itself"], found["bedrock"]
    return ", ".join(f"{own[point] / peer[point]:.0%} ({point})" for point in _POINTS)


def _missing(name: str, framework: _Framework, missing: Mapping[str, str]) -> list[str]:
    """What was not measured, and why."""
    return [
        f"{framework.title}, {peer.removeprefix(name).strip(':') or 'all'}: not measured: {why}"
        for peer, why in missing.items()
        if peer.partition(":")[0] == name
    ]


def _targets(framework: _Framework, found: Mapping[str, Found], streams: int) -> list[Target]:
    what, of = f"{streams} streams through {framework.title}", f"of {framework.peer}'s"
    targets = []
    for pace in _BOTH:
        cpu = {how: got["cpu"] for how, got in found[pace.name].items()}
        if cpu.keys() >= {"modelwire", "bedrock"}:
            target = Target(
                f"CPU of {what}, {pace.name}, {of}", cpu["modelwire"] / cpu["bedrock"], _LIMIT
            )
            if _LEAST in cpu:
                least = cpu[_LEAST] / cpu["bedrock"]
                target.note = f"{least:.2f} for {framework.title} by itself and the bare reader"
            targets.append(target)
    paced = found["paced"]
    if paced.keys() >= {"modelwire", "bedrock"}:
        for point in _POINTS:
            share = paced["modelwire"][point] / paced["bedrock"][point]
            target = Target(f"First event of {what}, {point}, {of}", share, _LIMIT)
            if "itself" in paced:
                itself = paced["itself"][point] / paced["bedrock"][point]
                target.note = f"{itself:.2f} for {framework.title} by itself"
            targets.append(target)
    return targets
