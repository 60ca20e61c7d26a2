"""Facts about the hosted models: what each accepts, as data of the emulator's own.

`hosted.json` is written from what AWS and its customers say, and shares nothing with the client side
of this package. It is plain JSON, which is read at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from attrs import frozen

from modelwire_bedrock.emulator.documents import read_document

__all__ = ["HOSTED", "HostedApis", "HostedModel", "hosted_apis", "hosted_model", "hosted_rows"]

HOSTED = Path(__file__).with_name("hosted.json")


@frozen
class HostedModel:
    """The limits of the models of one row; `None` is unknown and refuses nothing.

    Attributes:
        match: A pattern of the ids of foundation models.
        evidence: How the row is known: `recorded`, `reported` or `hearsay`.
        source: Where from.
        window: Tokens of the context window.
        strict_window: Whether the input and `maxTokens` have to fit into the window together.
        answer: Tokens of the longest answer.
        usual: Tokens of an answer to a request that names no limit.
        thinking: The types that Claude's `thinking` may have.
        efforts: The values of `output_config.effort`.
        efforts_off: Those that are accepted while thinking is disabled.
        effort_field: The path of the effort in `additionalModelRequestFields`.
        effort_values: The efforts that are accepted there.
        unknown_fields: Fields that are refused there.
        sampling: Whether temperature, top_p and top_k are accepted.
        forced: Whether a tool can be forced: `yes`, `no` or `not-thinking`.
        structured: Whether `outputConfig` is accepted: `yes`, `no` or `disputed`.
        strict: Whether `toolSpec.strict` is accepted.
        images: The most images and documents of a request.
        ttl: Whether cache points may be kept for an hour.
    """

    match: str
    evidence: str = "hearsay"
    source: str = ""
    window: int | None = None
    strict_window: bool = False
    answer: int | None = None
    usual: int | None = None
    thinking: tuple[str, ...] | None = None
    efforts: tuple[str, ...] | None = None
    efforts_off: tuple[str, ...] | None = None
    effort_field: str | None = None
    effort_values: tuple[str, ...] | None = None
    unknown_fields: tuple[str, ...] = ()
    sampling: bool | None = None
    forced: str | None = None
    structured: str | None = None
    strict: bool | None = None
    images: int | None = None
    ttl: bool | None = None


@frozen
class HostedApis:
    """By which OpenAI-shaped and Anthropic-shaped APIs of the runtime endpoint a model is served.

    Attributes:
        match: A pattern of the ids of foundation models.
        apis: The operations, e.g. `ChatCompletions`; Converse and InvokeModel are not among them.
        evidence: How the row is known: `recorded`, `reported` or `hearsay`.
        source: Where from.
        dated: When that was so.
    """

    match: str
    apis: tuple[str, ...]
    evidence: str
    source: str
    dated: str


_NOTHING = HostedModel("*")
_LISTS = ("thinking", "efforts", "effortsOff", "effortValues", "unknownFields")


@cache
def hosted_model(model_id: str) -> HostedModel:
    """The row of a foundation model; one of unknown limits where there is none."""
    return next((row for row in hosted_rows() if fnmatchcase(model_id, row.match)), _NOTHING)


@cache
def hosted_rows() -> tuple[HostedModel, ...]:
    """All rows, in the order they are tried."""
    return tuple(_row(entry) for entry in read_document(HOSTED)["rows"])


@cache
def hosted_apis(model_id: str) -> HostedApis | None:
    """The APIs of a foundation model; `None` is not known, and nothing is refused for it."""
    for entry in read_document(HOSTED)["apis"]:
        if fnmatchcase(model_id, entry["match"]):
            return HostedApis(**{**entry, "apis": tuple(entry["apis"].split())})
    return None


def _row(entry: Mapping[str, Any]) -> HostedModel:
    values: dict[str, Any] = {
        _snake(name): tuple(value.split()) if name in _LISTS else value
        for name, value in entry.items()
    }
    return HostedModel(**values)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
