"""Deltas: the items that a provider plugin yields.

A plugin translates its wire protocol into these and nothing more. It builds no message and pairs no
start with an end; the assembler does that once, for all plugins. `index` is the number that the
wire gives to a block (its content block index, or its position); it need not be dense or ordered. A
delta of another kind under an index that is in use ends that block and begins a new one, since real
services send thinking and text under one index.

Deltas that arrived together may be yielded together, as a list; the layers between the plugin and
the caller then process them all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import asdict, define, field

from modelwire.messages import Citation, StopReason, Usage
from modelwire.redaction.echoes import hide_sent

__all__ = [
    "ArgumentsDelta",
    "BlockEnd",
    "CitationDelta",
    "Delta",
    "Deltas",
    "Diagnostic",
    "RedactedThinkingDelta",
    "ResponseInfo",
    "SignatureDelta",
    "Stop",
    "TextDelta",
    "ThinkingDelta",
    "ToolCallStart",
    "UsageReport",
    "deltas_of",
]


def _hidden(text: str | None) -> str | None:
    return text if text is None else hide_sent(text)


def _hidden_data(data: dict[str, Any]) -> dict[str, Any]:
    return hide_sent(data)


def _hidden_citation(citation: Any) -> Any:
    # Another value than a citation is the assembler's to refuse.
    return Citation(**hide_sent(asdict(citation))) if isinstance(citation, Citation) else citation


@define
class ResponseInfo:
    """Facts about the response as a whole; each that is not `None` is kept.

    Secrets of the request that the service repeats in them are hidden.

    Attributes:
        response_id: The provider's id of this answer.
        response_model: The model that the service names.
        request_id: The provider's id of the request; an error that follows carries it.
        api: The wire API in use, where the model left it to the plugin.
    """

    response_id: str | None = field(default=None, converter=_hidden)
    response_model: str | None = field(default=None, converter=_hidden)
    request_id: str | None = field(default=None, converter=_hidden)
    api: str | None = None


@define
class TextDelta:
    """More text of block `index`."""

    index: int
    text: str


@define
class CitationDelta:
    """A citation that supports the text of block `index`; opens a text block where none is open.

    Attributes:
        index: The block.
        citation: The source; secrets of the request are hidden in it.
    """

    index: int
    citation: Citation = field(converter=_hidden_citation)


@define
class ThinkingDelta:
    """More thinking of block `index`."""

    index: int
    text: str


@define
class SignatureDelta:
    """More of the opaque signature of block `index`; fragments are joined.

    It belongs to the block that is open under `index`, and begins a thinking block where none is.
    """

    index: int
    signature: str


@define
class RedactedThinkingDelta:
    """More opaque bytes of the redacted thinking block `index`; chunks are joined as bytes."""

    index: int
    data: bytes


@define
class ToolCallStart:
    """Block `index` is a call of the tool `name`."""

    index: int
    id: str
    name: str


@define
class ArgumentsDelta:
    """More of the JSON text of the arguments of the tool call in block `index`."""

    index: int
    fragment: str


@define
class BlockEnd:
    """Block `index` is complete.

    A tool call needs it: one that is not ended was cut, and is an error. Text and thinking that are
    still open at the end of the stream are ended there.
    """

    index: int


@define
class UsageReport:
    """The usage so far; a later report replaces an earlier one, also after the stop reason."""

    usage: Usage


@define
class Stop:
    """The reason why the answer ended. A stream without it is an error, `stream_truncated`.

    Attributes:
        reason: `STOP`, `LENGTH` or `TOOL_USE`; a failure is raised, not yielded.
        raw: The provider's own term for it; secrets of the request are hidden in it.
    """

    reason: StopReason
    raw: str | None = field(default=None, converter=_hidden)


@define
class Diagnostic:
    """A note to keep with the message, such as what was rewritten in the request.

    Attributes:
        type: The kind of note, such as `rewritten`, `dropped` or `guardrail_trace`.
        data: Plain JSON data; secrets of the request are hidden in it.
    """

    type: str
    data: dict[str, Any] = field(factory=dict, converter=_hidden_data)


Delta = (
    TextDelta
    | CitationDelta
    | ThinkingDelta
    | SignatureDelta
    | RedactedThinkingDelta
    | ToolCallStart
    | ArgumentsDelta
    | BlockEnd
    | UsageReport
    | Stop
    | ResponseInfo
    | Diagnostic
)

Deltas = Delta | list[Delta]
"""The items of a plugin's stream: a delta, or a list of those that arrived together."""


def deltas_of(arrived: Deltas) -> Sequence[Delta]:
    """Make what a plugin yielded a sequence, for code that looks at each delta."""
    return arrived if isinstance(arrived, list) else (arrived,)
