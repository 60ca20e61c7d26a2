"""Every fault at every stage, and its outcome: the data of the tests.

`python tests/support/fault_matrix.py` writes the table in `docs/reliability.md` from it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from attrs import field, frozen
from wires import STAGES, WIRES, Wire

from modelwire_bedrock.emulator import Fault

CONNECT, HEADERS = "connect", "headers"
COLUMNS = (CONNECT, HEADERS, *STAGES)
EARLY = (CONNECT, HEADERS, STAGES[0])
"""The stages at which nothing was said yet, so that another try is safe."""
PHASES = {
    "before the first event": EARLY,
    "during the answer": STAGES[1:-1],
    "after the last event": STAGES[-1:],
}
"""The columns of the table, each with the stages that belong to it."""

ANSWER = "answer"
"""The outcome where nothing is missing."""

RETRYABLE = frozenset(
    {
        "connection",
        "malformed_response",
        "overloaded",
        "rate_limited",
        "server_error",
        "stream_truncated",
        "timeout",
    }
)
NEVER_AGAIN = ("an untrusted certificate",)
"""Connection failures that another try does not help against."""

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- fault matrix -->\n", "<!-- end of the fault matrix -->\n"

_BEFORE_END = STAGES[:5]


@frozen
class Row:
    """One fault.

    Attributes:
        name: What goes wrong.
        outcome: The code of the error, or `answer`.
        stages: The stages at which it can strike.
        faults: Makes it, for the APIs that know it; it is given how many events come before it.
        late: The outcome after the last event, when the answer is complete.
        times: How often it must strike until it is reported, by API.
    """

    name: str
    outcome: str
    stages: tuple[str, ...]
    faults: Mapping[str, Callable[[int], Fault]] = field(factory=dict)
    late: str = ANSWER
    times: Mapping[str, int] = field(factory=dict)

    def expected(self, stage: str) -> tuple[str, bool]:
        """The code of the outcome, and whether another try may succeed."""
        code = self.late if stage == STAGES[-1] else self.outcome
        return code, code in RETRYABLE and self.name not in NEVER_AGAIN


def _all(make: Callable[[int], Fault]) -> dict[str, Callable[[int], Fault]]:
    return {wire.name: make for wire in WIRES}


def _aws(make: Callable[[int], Fault]) -> dict[str, Callable[[int], Fault]]:
    return {wire.name: make for wire in WIRES if wire.aws}


def _refusal(what: str, status: int) -> dict[str, Callable[[int], Fault]]:
    def refuse(wire: Wire) -> Callable[[int], Fault]:
        code = wire.refusals[what]
        # The emulator knows the status of each code.
        return lambda _: Fault.error(code) if wire.aws else Fault.error(code, status=status)

    return {wire.name: refuse(wire) for wire in WIRES if what in wire.refusals}


def _in_stream(what: str) -> dict[str, Callable[[int], Fault]]:
    def fail(wire: Wire) -> Callable[[int], Fault]:
        return lambda after: Fault.exception(wire.failures[what], after=after)

    return {wire.name: fail(wire) for wire in WIRES if what in wire.failures}


ROWS = (
    Row("nothing listens on the port", "connection", (CONNECT,)),
    Row("an untrusted certificate", "connection", (CONNECT,)),
    Row("no reply to the TLS handshake", "timeout", (CONNECT,)),
    Row("a reply that is not HTTP", "malformed_response", (HEADERS,)),
    Row("a reset instead of a response", "connection", (HEADERS,), _all(lambda _: Fault("no_response"))),
    Row("headers arrive too late", "timeout", (HEADERS,), _all(lambda _: Fault("slow_start", seconds=3600))),
    Row("refused: throttled", "rate_limited", (HEADERS,), _refusal("throttled", 429)),
    Row("refused: internal", "server_error", (HEADERS,), _refusal("internal", 500)),
    Row("refused: unavailable", "overloaded", (HEADERS,), _refusal("unavailable", 503)),
    Row("refused: model not ready", "overloaded", (HEADERS,), _refusal("model not ready", 503)),
    Row("refused: model timed out", "timeout", (HEADERS,), _refusal("model timed out", 408)),
    Row("refused: model failed", "server_error", (HEADERS,), _refusal("model failed", 424)),
    Row("refused: no permission", "access_denied", (HEADERS,), _refusal("no permission", 403)),
    Row("refused: stale credentials", "auth", (HEADERS,), _refusal("stale credentials", 401), times={wire.name: wire.stale_credentials for wire in WIRES}),
    Row("refused: not valid", "invalid_request", (HEADERS,), _refusal("not valid", 400)),
    Row("in the stream: throttled", "rate_limited", STAGES, _in_stream("throttled")),
    Row("in the stream: internal", "server_error", STAGES, _in_stream("internal")),
    Row("in the stream: unavailable", "overloaded", STAGES, _in_stream("unavailable")),
    Row("in the stream: model failed", "server_error", STAGES, _in_stream("model failed")),
    Row("in the stream: not valid", "invalid_request", STAGES, _in_stream("not valid")),
    Row("the connection is reset", "connection", STAGES, _all(lambda after: Fault("reset", after=after))),
    Row("the connection closes inside an event", "stream_truncated", STAGES, _all(lambda after: Fault("cut", after=after))),
    Row("the body ends inside an event", "stream_truncated", _BEFORE_END, _all(lambda after: Fault("truncate", after=after))),
    Row("an event is damaged", "malformed_response", _BEFORE_END, _all(lambda after: Fault("corrupt", after=after))),
    Row("the head of a frame is damaged", "malformed_response", _BEFORE_END, _aws(lambda after: Fault("corrupt", after=after, part="prelude"))),
    Row("the headers of a frame are damaged", "malformed_response", _BEFORE_END, _aws(lambda after: Fault("corrupt", after=after, part="headers"))),
    Row("the body ends before the stop reason", "stream_truncated", ("before stop",), _all(lambda after: Fault("no_stop", after=after))),
    Row("no more bytes arrive", "timeout", STAGES, _all(lambda after: Fault("stall", after=after))),
    Row("one byte at a time", ANSWER, STAGES[:1], _all(lambda _: Fault("dribble", size=1, seconds=0))),
)  # fmt: skip


@frozen
class Cell:
    """One fault at one stage of one wire protocol."""

    wire: Wire
    row: Row
    stage: str

    def __str__(self) -> str:
        return f"{self.wire}-{self.row.name}-{self.stage}"

    @property
    def fault(self) -> Fault | None:
        """The fault, or `None` where there is no server that could cause it."""
        make = self.row.faults.get(self.wire.name)
        return make(self.wire.at.get(self.stage, 0)) if make else None

    @property
    def times(self) -> int:
        """How many requests it must strike until it is reported."""
        return self.row.times.get(self.wire.name, 1)

    @property
    def expected(self) -> tuple[str, bool]:
        """The code of the outcome, and whether another try may succeed."""
        return self.row.expected(self.stage)


def cells() -> Iterator[Cell]:
    """Everything that can happen."""
    for wire in WIRES:
        for row in ROWS:
            for stage in row.stages:
                known = not row.faults or wire.name in row.faults
                if known and (stage in (CONNECT, HEADERS) or stage in wire.at):
                    yield Cell(wire, row, stage)


def table() -> str:
    """The whole matrix in Markdown: one column for each phase of an answer."""
    lines = [f"| fault | {' | '.join(PHASES)} |", "| --- |" + " --- |" * len(PHASES)]
    everything = list(cells())
    for row in ROWS:
        name = row.name + (
            " (Bedrock)" if row.faults and set(row.faults) == set(_aws(Fault)) else ""
        )
        outcomes = {
            stage: _words(
                {cell.expected for cell in everything if (cell.row, cell.stage) == (row, stage)},
                stage,
            )
            for stage in COLUMNS
        }
        shown = (_phase(outcomes, stages) for stages in PHASES.values())
        lines.append(f"| {name} | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def _words(found: Iterable[tuple[str, bool]], stage: str) -> str:
    again = " ↻" if stage in EARLY else ""
    words = (
        f"`{code}`{again * retryable}" if code != ANSWER else code for code, retryable in found
    )
    return " or ".join(sorted(words))


def _phase(outcomes: Mapping[str, str], stages: Sequence[str]) -> str:
    """One outcome if it is that of all stages of the phase, else each with its stages."""
    by_outcome: dict[str, list[str]] = {}
    for stage in stages:
        by_outcome.setdefault(outcomes[stage], []).append(stage)
    at = by_outcome.pop("", [])
    if not by_outcome:
        return "·"
    if len(by_outcome) == 1 and (not at or stages[0] in EARLY):
        return next(iter(by_outcome))
    return "; ".join(f"{words} ({', '.join(found)})" for words, found in by_outcome.items())


def written(page: str) -> str:
    """The page with its table as it should be."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
