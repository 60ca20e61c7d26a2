"""The model family: what the models of one row of the tables take and refuse.

The column `evidence` says where a row comes from:

    rec: NAME     a request that AWS answered, in the recordings of real traffic
    ref 4.9       the newest form of the reference client, by section
    guide         AWS's own table of what Converse supports, in the user guide of Bedrock
    card          the model's own card, by AWS
    peer          verified live by another client, as its authors say
    issue         a public issue with the service's words
    hearsay       documentation or issue threads; not seen on the wire

Where they disagree a recording wins over the reference, and that over the rest. The column `checked`
is the month in which the row was last compared with its evidence.
"""

from __future__ import annotations

import re
from typing import Literal

from attrs import Factory, field, frozen

from modelwire.models import ReasoningLevel

__all__ = [
    "ANY_CALL",
    "NO_CALL",
    "CachePlace",
    "Family",
    "FileKind",
    "ForcedCall",
    "ThinkingOff",
    "ThinkingStyle",
]

CachePlace = Literal["tools", "system", "messages"]
FileKind = Literal["document", "audio", "video"]
ForcedCall = Literal["any", "tool"]
ThinkingStyle = Literal[
    "budget", "adaptive", "reasoning.effort", "reasoning_effort", "reasoning_config", "nova"
]
ThinkingOff = Literal["omit", "disabled", "between_tools", "none", "least"]

ANY_CALL: frozenset[ForcedCall] = frozenset({"any", "tool"})
NO_CALL: frozenset[ForcedCall] = frozenset()
_USUAL_EFFORTS = ("low", "medium", "high")


@frozen
class Family:
    """The features of one family's models. The defaults are those of most families.

    Attributes:
        key: A name for display.
        pattern: What a part of the model's id begins with, in lower case and with dashes for dots
            and spaces.
        evidence: Where the row comes from.
        checked: When it was last compared with that, as `2026-11`.
        converse: Whether Converse serves it; another endpoint of AWS may.
        tools: Whether it can call tools.
        choice: Whether it takes a tool choice at all; `auto` is the default of the service.
        forced: The calls that can be demanded: of any tool, or of one by its name.
        forced_with_thinking: Those that can be demanded while it thinks.
        forbids_calls: Whether calls can be forbidden beside tools, by the field `tool_choice` of the model's
            own; Converse has no such choice.
        call_ids: What the id of a tool call looks like: `usual` is up to 64 letters, digits, `_` and
            `-`; `nine` is nine letters or digits.
        files: The kinds of files that it is known to take.
        no_files: Those that it is known to refuse; of any other kind the service is left to judge.
        result_images: Whether a tool's result may hold images.
        result_documents: Which documents it may hold. Films and sounds it may not, in any family.
        failed_result_media: Whether the result of a tool that failed may hold any of these.
        result_company: What may be in one user turn together with tool results.
        result_status: Whether a tool result may say that the tool failed.
        leading_assistant: Whether a conversation may begin with an assistant turn.
        prefill: Whether it may end with one, which the model then continues.
        system: Whether there may be a system prompt.
        thinks: Whether it can think; `None` where it is unknown.
        thinking: How thinking is requested, or `None` where no way is known.
        efforts: The efforts that differ from thinking not at all, from the least to the most.
        effort_beside_budget: Whether it takes an effort of low, medium or high besides a budget.
        off: How thinking is kept off: `omit` says nothing, as it is off by itself; `disabled`,
            `between_tools` and `none` are what is sent; `least` asks for the least, as it cannot be
            kept off; `None` does the same where it is unknown.
        by_default: Whether it thinks where nothing is sent.
        default_level: How much it thinks then, where that is known and worth sending.
        interleaved: Whether thinking between tool calls must be requested.
        signed: Whether its thinking is given back to it, with its signature.
        temperature: Whether it takes a temperature.
        top_p: Whether it takes `topP`.
        temperature_with_top_p: Whether it takes both at once.
        top_k: Where `top_k` goes among the additional fields, or `None` where it is refused.
        blank_stops: Whether a stop sequence may be white space alone.
        answer_tokens: The default limit on an answer's tokens; `None` sends none.
        cache: Where cache points are allowed.
        cache_hour: Whether what is cached may be kept for an hour.
        structured_output: Whether it takes `outputConfig`; `None` where it is unknown.
        service_tiers: The only service tiers, or `None` for all.
        response_fields: Fields of the model's own answer to ask for.
        streaming: What may be streamed.
        inline_references: Whether schemas of tools must say in place what `$ref` refers to.
        strict_tools: Whether it takes `toolSpec.strict`; `None` where it is unknown.
    """

    key: str
    pattern: str
    evidence: str
    checked: str = "2026-11"
    converse: bool = True
    tools: bool = True
    choice: bool = True
    forced: frozenset[ForcedCall] = NO_CALL
    forced_with_thinking: frozenset[ForcedCall] = Factory(
        lambda family: family.forced, takes_self=True
    )
    forbids_calls: bool = False
    call_ids: Literal["usual", "nine"] = "usual"
    files: frozenset[FileKind] = frozenset()
    no_files: frozenset[FileKind] = frozenset()
    result_images: bool = True
    result_documents: Literal["any", "text", "none"] = "none"
    failed_result_media: bool = True
    result_company: Literal["anything", "text and images", "nothing"] = "anything"
    result_status: bool = True
    leading_assistant: bool = False
    prefill: bool = False
    system: bool = True
    thinks: bool | None = None
    thinking: ThinkingStyle | None = None
    efforts: tuple[str, ...] = _USUAL_EFFORTS
    effort_beside_budget: bool = False
    off: ThinkingOff | None = "omit"
    by_default: bool = False
    default_level: ReasoningLevel | None = None
    interleaved: bool = False
    signed: bool = False
    temperature: bool = True
    top_p: bool = True
    temperature_with_top_p: bool = True
    top_k: Literal["top_k", "inferenceConfig.topK"] | None = None
    blank_stops: bool = True
    answer_tokens: int | None = None
    cache: frozenset[CachePlace] = frozenset()
    cache_hour: bool = False
    structured_output: bool | None = None
    service_tiers: frozenset[str] | None = None
    response_fields: tuple[str, ...] = ()
    streaming: Literal["everything", "text only", "nothing"] = "everything"
    inline_references: bool = False
    strict_tools: bool | None = None
    expression: re.Pattern[str] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        # The class is frozen, so the compiled pattern cannot be assigned. It matches the beginning of
        # a part only, as the opaque ids of inference profiles may hold anything.
        object.__setattr__(self, "expression", re.compile(f"(?:^|-)(?:{self.pattern})"))
