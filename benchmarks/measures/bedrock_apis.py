"""Responses, Chat Completions and Messages of Bedrock, beside their makers' own SDKs.

CPU time per event of a stream of 5,000 pieces of text, and of a whole request with a short answer
on a client that has answered before; signed, and with a bearer token.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from processes import Bench
from results import NAMES, Bars, Result, Target, paired, ratio, table

TITLE = "Other APIs of Bedrock"
EVENTS = 5000
_REQUESTS = 20
"""Short requests for one figure."""
_PIECE = len(" word 000000 of it")
_APIS = {
    "responses": ("Responses", "openai"),
    "chat": ("Chat Completions", "openai"),
    "messages": ("Messages", "anthropic"),
}
_LIMITS = {"event": 0.25, "request": 1.0}
"""The most that modelwire may take of what an SDK takes."""
_FLOOR = 1.25
"""The most that an event may take of what it takes a bare reader."""
_AUTHS = {"sigv4": "SigV4", "bearer": "bearer token"}

Times = dict[str, list[float]]


def measure(bench: Bench) -> Result:
    events = _times(bench, "stream", EVENTS, 1, bench.rounds(11, 2))
    requests = _times(bench, "warm", 1, _REQUESTS, bench.rounds(15, 3))
    rows = []
    targets = []
    for own, sdk, what in _pairs():
        name = NAMES[sdk.partition(":")[0]]
        row = [f"{what}: {name}"]
        for found, count, scale, digits in ((events, EVENTS, 1e6, 1), (requests, 1, 1e3, 2)):
            if sdk not in found or own not in found:
                row += ["–"] * 3
                continue
            one, other = (median(found[each]) * scale / count for each in (own, sdk))
            share = paired(found[own], found[sdk])
            row += [f"{one:.{digits}f}", f"{other:.{digits}f}", ratio(1, share)]
            per = "event" if count > 1 else "request"
            limit = _LIMITS[per]
            targets.append(Target(f"CPU per {per}, {what}, of {name}'s", share, limit, digits=3))
        rows.append(row)
    for api, (title, _) in _APIS.items():
        own, floor = events[f"modelwire_apis:{api}:sigv4"], events[f"floor_apis:{api}"]
        rows.append([f"{title}: {NAMES['floor']}", "", f"{median(floor) * 1e6 / EVENTS:.1f}"])
        rows[-1] += [ratio(1, paired(own, floor)), "", "", ""]
        what = f"CPU per event, {title}, of the floor's"
        targets.append(Target(what, paired(own, floor), _FLOOR))
    rows += [
        [f"{driver}: not measured: {why}", *[""] * 6]
        for driver, why in bench.environments.missing.items()
        if any(driver in pair for pair in _pairs())
    ]
    head = [
        "",
        "event: modelwire, µs",
        "other, µs",
        "x modelwire",
        "request: modelwire, ms",
        "other, ms",
        "x modelwire",
    ]
    bars = {
        f"{NAMES[driver.partition(':')[0]]}, {what}": median(events[driver]) * 1e6 / EVENTS
        for own, sdk, what in _pairs()
        for driver in (own, sdk)
        if driver in events
    }
    return Result(
        table(head, rows),
        targets,
        [Bars("CPU per event, other APIs of Bedrock", "µs", bars)],
        {"events": events, "requests": requests},
    )


def _pairs() -> Iterator[tuple[str, str, str]]:
    """The driver of modelwire, that of an SDK, and what both do."""
    for api, (title, sdk) in _APIS.items():
        for auth, credentials in _AUTHS.items():
            yield f"modelwire_apis:{api}:{auth}", f"{sdk}:{api}:{auth}", f"{title}, {credentials}"


def _times(bench: Bench, do: str, events: int, times: int, rounds: int) -> Times:
    """The CPU time of an answer in each round, in seconds, by driver."""
    found: Times = {}
    names = [name for own, sdk, _ in _pairs() for name in (own, sdk)]
    names += [f"floor_apis:{api}" for api in _APIS]
    with (
        bench.server("apis", events=events) as url,
        bench.drivers(names, url) as drivers,
    ):
        for number in range(rounds + 1):
            for driver in drivers:
                answer = driver.ask(do, times=times)
                if answer.get("characters") != events * times * _PIECE:
                    problem = answer.get("error") or f"{answer['characters']} characters arrived"
                    bench.environments.missing[driver.name] = str(problem)
                elif number:  # the first round warms up
                    found.setdefault(driver.name, []).append(answer["cpu"])
    missing = bench.environments.missing
    return {name: seconds for name, seconds in found.items() if name not in missing}
