"""From model, context and options to the request."""

from __future__ import annotations

from typing import Any

from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context
from modelwire.models import Model
from modelwire.repair import Changes, ToolNames, clean_text, is_blank, names_in
from modelwire_openai.responses.answering import user_item
from modelwire_openai.responses.conversing import Conversing
from modelwire_openai.responses.dialect import Dialect
from modelwire_openai.responses.history import items_of
from modelwire_openai.responses.parameters import add_params, parameters
from modelwire_openai.responses.reasoning import ENCRYPTED, plan_reasoning
from modelwire_openai.responses.request import ResponsesRequest
from modelwire_openai.responses.structured import text_format
from modelwire_openai.responses.tools import tool_fields

__all__ = ["build_request"]

PLACEHOLDER = "."
"""Stands where the user must say something and says nothing; white space is refused."""

_CONTINUE_ELSEWHERE = ("previous_response_id", "prompt", "conversation")
"""Parameters that bring a conversation of their own."""


def build_request(
    model: Model,
    context: Context,
    options: CompletionOptions,
    *,
    dialect: Dialect | None = None,
    reasoning: bool = True,
) -> ResponsesRequest:
    """Write the request that continues a context; nothing is sent.

    Args:
        model: The model to ask.
        context: What it is asked to continue.
        options: How.
        dialect: What the service takes; by default what OpenAI itself does.
        reasoning: Whether the model's own reasoning goes back, with the ids of its items.

    Raises:
        InvalidMessage: A message holds an image of a kind that the API does not take.
        InvalidRequest: The options cannot be met.
    """
    dialect = dialect or Dialect()
    changes = Changes()
    names = ToolNames.of(names_in(context))
    plan = plan_reasoning(model, options, dialect, changes)
    stored = options.params.get("store") is True
    to = Conversing(model, names, changes, reasoning=reasoning, stored=stored)
    payload: dict[str, Any] = {"model": model.id, "input": items_of(context.messages, to)}
    if instructions := _instructions(context, changes):
        payload["instructions"] = instructions
    payload["stream"] = True
    if dialect.compat.supports_store:
        payload["store"] = False
    strict = dialect.compat.supports_strict_mode
    payload |= tool_fields(context, options, names, changes, strict=strict)
    if plan.fields:
        payload["reasoning"] = plan.fields
    if plan.reasons:
        payload["include"] = [ENCRYPTED]
    if options.response_schema is not None:
        payload["text"] = {"format": text_format(options.response_schema)}
    payload |= parameters(options, plan, dialect, changes)
    payload = add_params(payload, options.params, changes)
    if not payload["input"] and not any(payload.get(key) for key in _CONTINUE_ELSEWHERE):
        changes.added("messages", f"No message says anything; the user says {PLACEHOLDER!r}.")
        payload["input"] = [user_item([{"type": "input_text", "text": PLACEHOLDER}])]
    return ResponsesRequest(payload, tuple(changes.noted), names.rewritten)


def _instructions(context: Context, changes: Changes) -> str:
    given = context.system_prompt or ""
    text = clean_text(given)
    if text != given:
        changes.rewritten("system_prompt", "Unpaired surrogates are not text.")
    if not is_blank(text):
        return text
    if given:
        changes.dropped("system_prompt", "It is blank.")
    return ""
