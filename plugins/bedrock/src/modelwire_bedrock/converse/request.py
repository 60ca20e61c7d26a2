"""The Converse request, made from model, context and options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from attrs import evolve, field, frozen

from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context
from modelwire.models import InputKind, Model
from modelwire.repair import Change, Changes, ToolNames, clean_json, clean_text, is_blank, names_in
from modelwire_bedrock.converse.answer_tool import answer_names, with_answer_tool
from modelwire_bedrock.converse.caching import (
    CachePlan,
    plan_caching,
    system_blocks,
    with_point,
)
from modelwire_bedrock.converse.history import PLACEHOLDER, end_with_user, messages_of, turns_of
from modelwire_bedrock.converse.media_limits import unfit_media
from modelwire_bedrock.converse.omissions import REASONING, SCHEMA, RefusedField, without_field
from modelwire_bedrock.converse.options import Params, envelope, merge_fields, object_param
from modelwire_bedrock.converse.passages import add_content, add_passages
from modelwire_bedrock.converse.rendering import Rendering, takes
from modelwire_bedrock.converse.request_frame import frame_key, keep_frame, known_frame
from modelwire_bedrock.converse.sampling import sampling
from modelwire_bedrock.converse.strict import StrictBudget
from modelwire_bedrock.converse.structured import output_config, schema_instruction
from modelwire_bedrock.converse.thinking import ThinkingPlan, plan_thinking
from modelwire_bedrock.converse.token_limit import chosen_limit, with_default_limit
from modelwire_bedrock.converse.tools import choice_fields, offers_tools, tool_config
from modelwire_bedrock.models.families import Family, family_of
from modelwire_bedrock.models.media_limits import media_limits

__all__ = ["UNTHOUGHT", "ConverseRequest", "build_request", "continues_unthought"]

UNTHOUGHT = "The calls to be continued were made without thinking, so this answer is, too."


@frozen
class ConverseRequest:
    """A request for Converse or ConverseStream.

    Attributes:
        payload: The arguments of boto3's `converse_stream`.
        changes: What is sent otherwise than requested, and why.
        tool_names: Names of tools on the wire that had to change, and the tools' own.
        schema: The schema that the answer is to follow, where the payload holds it.
        limit_note: The note for an answer that ends at the default limit on tokens, if that was sent.
        by_tool: Whether the answer is the call of a tool.
    """

    payload: dict[str, Any] = field(repr=False)
    changes: tuple[Change, ...] = ()
    tool_names: dict[str, str] = field(factory=dict)
    schema: dict[str, Any] | None = field(default=None, repr=False)
    limit_note: str | None = None
    by_tool: bool = False

    def with_messages(self, messages: list[dict[str, Any]]) -> ConverseRequest:
        """The same with other messages."""
        return ConverseRequest(
            {**self.payload, "messages": messages},
            self.changes,
            self.tool_names,
            self.schema,
            self.limit_note,
            self.by_tool,
        )

    def without(self, refused: RefusedField, reason: str) -> ConverseRequest | None:
        """The same without a field that the model refuses, or `None` where it has none such.

        Args:
            refused: The field.
            reason: Why, in one sentence.
        """
        if refused.path == SCHEMA:
            return self._with_schema_in_words(reason)
        if refused.path == REASONING:
            changed = self.without_reasoning(reason)
            return None if changed.payload == self.payload else changed
        payload = without_field(self.payload, refused)
        if payload is None:
            return None
        return evolve(
            self, payload=payload, changes=(*self.changes, Change("dropped", refused.path, reason))
        )

    def _with_schema_in_words(self, reason: str) -> ConverseRequest | None:
        if self.schema is None or "textFormat" not in self.payload.get("outputConfig", {}):
            return None
        payload = without_field(self.payload, RefusedField(SCHEMA)) or {}
        instruction = {"text": schema_instruction(self.schema)}
        payload["system"] = [*payload.get("system", []), instruction]
        change = Change(
            "rewritten",
            "options.response_schema",
            f"{reason} The schema is in the system prompt instead.",
        )
        return evolve(self, payload=payload, changes=(*self.changes, change))

    def without_reasoning(
        self, reason: str = "The model refused the signature of its thinking."
    ) -> ConverseRequest:
        """The same request without the thinking in its history.

        A model that refuses a signature refuses the conversation on every later call; without the
        thinking it goes on. Where it may then not think in this answer, thinking is not requested.
        """
        changes = Changes(list(self.changes))
        messages = []
        for index, message in enumerate(self.payload.get("messages", [])):
            kept = [block for block in message["content"] if "reasoningContent" not in block]
            if len(kept) == len(message["content"]):
                messages.append(message)
                continue
            changes.dropped(f"payload.messages[{index}]", reason)
            messages.append({**message, "content": kept or [{"text": PLACEHOLDER}]})
        payload = {**self.payload, "messages": messages}
        if continues_unthought(messages):
            _stop_thinking(payload, changes)
        return evolve(self, payload=payload, changes=tuple(changes.noted))

    def for_converse(self) -> dict[str, Any]:
        """The arguments of boto3's `converse`, which takes all but how a guardrail meets a stream."""
        payload = dict(self.payload)
        if "guardrailConfig" in payload:
            guardrail = dict(payload["guardrailConfig"])
            guardrail.pop("streamProcessingMode", None)
            payload["guardrailConfig"] = guardrail
        return payload


def continues_unthought(messages: list[dict[str, Any]]) -> bool:
    """Whether the model continues after tool calls that it made without thinking.

    Claude with a thinking budget refuses that, as when another model made the calls.
    """
    last = messages[-1] if messages else {"role": "", "content": []}
    if last["role"] != "user" or not any("toolResult" in block for block in last["content"]):
        return False
    return len(messages) > 1 and "reasoningContent" not in messages[-2]["content"][0]


def _stop_thinking(payload: dict[str, Any], changes: Changes) -> None:
    """Take a thinking budget out of a payload; adaptive thinking may stay."""
    fields = dict(payload.get("additionalModelRequestFields", {}))
    thinking = fields.get("thinking")
    if not isinstance(thinking, dict) or thinking.get("type") != "enabled":
        return
    del fields["thinking"]
    changes.dropped("options.reasoning", UNTHOUGHT)
    if fields:
        payload["additionalModelRequestFields"] = fields
    else:
        payload.pop("additionalModelRequestFields")


_LIMITED: tuple[InputKind, ...] = ("image", "document")
_PROMPT = re.compile(r"^arn:aws(-[^:]+)?:bedrock:[^:]*:[^:]*:prompt/", re.IGNORECASE)
_NOT_WITH_A_PROMPT = ("additionalModelRequestFields", "inferenceConfig", "system", "toolConfig")
"""Parameters that a managed prompt sets itself; the service refuses them beside one."""


def build_request(
    model: Model,
    context: Context,
    options: CompletionOptions,
    *,
    settings: Mapping[str, Any] | None = None,
    base_model: str | None = None,
    region: str | None = None,
    environ: Mapping[str, str] | None = None,
    configured_limit: int | Literal["auto"] | None = None,
) -> ConverseRequest:
    """Write the request that continues a context; nothing is sent.

    Args:
        model: The model to call.
        context: The conversation to continue.
        options: The options of the call.
        settings: The plugin's own block of the configuration, for its `guardrail`.
        base_model: The id of the model behind an inference profile, where it is known.
        region: The AWS region that the request goes to.
        environ: The environment, for the variables that say how long a prompt is cached.
        configured_limit: The maximum number of tokens of an answer, as the configuration says for
            the model.

    Raises:
        InvalidMessage: The last message holds an image or a file that the model does not take, by its
            kind or its size.
        InvalidRequest: The options cannot be met.
        ConfigError: The guardrail is not configured completely.
    """
    settings, environ = settings or {}, environ or {}
    decided = (base_model, region, configured_limit)
    key = frame_key(model, context, options, settings, environ, *decided)
    frame = known_frame(key, model)
    filled = None if frame is None else frame.fill(context)
    if filled is not None:
        return filled
    request, family = _build(model, context, options, settings, environ, *decided)
    if key is not None:
        keep_frame(key, model, context, options, family, environ, request)
    return request


def _build(
    model: Model,
    context: Context,
    options: CompletionOptions,
    settings: Mapping[str, Any],
    environ: Mapping[str, str],
    base_model: str | None,
    region: str | None,
    configured_limit: int | Literal["auto"] | None,
) -> tuple[ConverseRequest, Family]:
    """Write a request from its beginning; also gives the family of the model."""
    changes = Changes()
    params = Params(options.params, changes)
    _, named_base = params.take("baseModel", "base_model")
    known_by = str(base_model or named_base or model.id)
    family = family_of(model.id, base_model=base_model or named_base, name=model.name)
    options, auto = chosen_limit(options, known_by, configured_limit, params, changes)
    names = ToolNames.of([*names_in(context), *answer_names(context, options)])
    conversing = _rendering(model, context, options, family, names, changes)
    messages = messages_of(turns_of(context.messages, conversing), family, changes)
    gov_cloud = _is_gov_cloud(model.id, region)
    thinking = plan_thinking(model, family, options, params, changes, gov_cloud=gov_cloud)
    thinking = _unless_unthought(thinking, messages, options, changes)
    unlimited = options.max_tokens is None and not auto
    thinking, note = with_default_limit(thinking, model, family, known_by, unlimited=unlimited)
    budget = StrictBudget(family)
    thinks = thinking.thinks
    context, options, by_tool = with_answer_tool(context, options, family, changes, thinks=thinks)
    unfit = None if by_tool else _no_schema(options, family, budget)
    schema = options.response_schema if unfit is None and not by_tool else None
    prefill = family.prefill and thinking.style is None and schema is None and not by_tool
    end_with_user(messages, changes, prefill=prefill, family=family)

    plan = plan_caching(family, options, environ, changes)
    payload: dict[str, Any] = {"modelId": model.id, "messages": messages}
    _add_system(payload, context, options, family, plan, changes, unfit)
    tools = tool_config(context, options, family, names, changes, thinks=thinks, budget=budget)
    _add_tools(payload, tools, plan)
    add_content(messages, params, changes)
    if "messages" in plan.places and messages[-1]["role"] == "user":
        messages[-1]["content"] = with_point(messages[-1]["content"], plan, changes)
    config, fields = sampling(options, family, thinking, params, changes)
    fields = {**thinking.fields, **fields, **choice_fields(context, options, family)}
    _add_fields(payload, config, _with_own_fields(fields, params, changes))
    _add_response_fields(payload, family, params, changes)
    if schema is not None:
        payload["outputConfig"] = output_config(schema, changes)
    payload |= envelope(options, settings, family, params, changes)
    payload = add_passages(payload, params, changes)
    _fit_prompt(payload, context, changes)
    params.note_unknown()
    request = ConverseRequest(
        payload, tuple(changes.noted), names.rewritten, schema, limit_note=note, by_tool=by_tool
    )
    return request, family


def _add_tools(payload: dict[str, Any], tools: dict[str, Any] | None, plan: CachePlan) -> None:
    if tools is None:
        return
    if "tools" in plan.places:
        tools["tools"].append(dict(plan.point))
    payload["toolConfig"] = tools


def _add_fields(payload: dict[str, Any], config: dict[str, Any], fields: dict[str, Any]) -> None:
    if config:
        payload["inferenceConfig"] = config
    if fields:
        payload["additionalModelRequestFields"] = fields


def _rendering(
    model: Model,
    context: Context,
    options: CompletionOptions,
    family: Family,
    names: ToolNames,
    changes: Changes,
) -> Rendering:
    """The shared state for rendering the parts of the conversation."""
    taken = [kind for kind in _LIMITED if takes(model, family, kind)]
    return Rendering(
        model=model,
        family=family,
        tool_blocks=offers_tools(context, options, family),
        names=names,
        changes=changes,
        unfit=unfit_media(context.messages, media_limits(family), taken),
        newest=f"messages[{len(context.messages) - 1}]",
    )


def _unless_unthought(
    thinking: ThinkingPlan,
    messages: list[dict[str, Any]],
    options: CompletionOptions,
    changes: Changes,
) -> ThinkingPlan:
    if thinking.style != "budget" or not continues_unthought(messages):
        return thinking
    changes.dropped("options.reasoning", UNTHOUGHT)
    return ThinkingPlan(max_tokens=options.max_tokens)


def _with_own_fields(ours: dict[str, Any], params: Params, changes: Changes) -> dict[str, Any]:
    path, own = params.take("additionalModelRequestFields", "additional_model_request_fields")
    return merge_fields(ours, clean_json(object_param(path, own, changes)), path, changes)


def _is_gov_cloud(model_id: str, region: str | None) -> bool:
    starts = ("us-gov.", "arn:aws-us-gov:")
    return (region or "").startswith("us-gov-") or model_id.lower().startswith(starts)


def _no_schema(options: CompletionOptions, family: Family, budget: StrictBudget) -> str | None:
    """The reason to send the answer's schema as text; `None` if it is sent as such or missing."""
    if options.response_schema is None:
        return None
    if family.structured_output is False:
        return f"{family.key} takes no schema; it is in the system prompt instead."
    reason = budget.add_answer(options.response_schema)
    return reason and f"{reason} It is in the system prompt instead."


def _add_system(
    payload: dict[str, Any],
    context: Context,
    options: CompletionOptions,
    family: Family,
    plan: CachePlan,
    changes: Changes,
    unfit: str | None,
) -> None:
    text = clean_text(context.system_prompt or "")
    if text != (context.system_prompt or ""):
        changes.rewritten("system_prompt", "Unpaired surrogates are not text.")
    if context.system_prompt and is_blank(text):
        changes.dropped("system_prompt", "The service refuses blank text.")
        text = ""
    blocks = system_blocks(text, plan)
    if options.response_schema is not None and unfit is not None:
        changes.rewritten("options.response_schema", unfit)
        blocks.append({"text": schema_instruction(options.response_schema)})
    if not blocks:
        return
    if family.system:
        payload["system"] = blocks
        return
    changes.note(
        "moved", "system_prompt", f"{family.key} has no system prompt; the user says it first."
    )
    first = payload["messages"][0]
    first["content"] = [*blocks, *first["content"]]


def _add_response_fields(
    payload: dict[str, Any], family: Family, params: Params, changes: Changes
) -> None:
    path, given = params.take(
        "additionalModelResponseFieldPaths", "additional_model_response_field_paths"
    )
    # ConverseStream answers to some of them under `delta` only (vercel/ai#11410).
    paths = [*family.response_fields, *(f"/delta{field}" for field in family.response_fields)]
    if isinstance(given, list | tuple) and all(isinstance(item, str) for item in given):
        paths += [item for item in given if item not in paths]
    elif given is not None:
        changes.dropped(path, "It is not a list of JSON pointers.")
    if paths:
        payload["additionalModelResponseFieldPaths"] = paths


def _fit_prompt(payload: dict[str, Any], context: Context, changes: Changes) -> None:
    if not _PROMPT.match(payload["modelId"]):
        return
    for key in _NOT_WITH_A_PROMPT:
        if payload.pop(key, None) is not None:
            changes.dropped(
                f"payload.{key}", "The service takes it from the prompt that the model id names."
            )
    if not context.messages:
        del payload["messages"]
