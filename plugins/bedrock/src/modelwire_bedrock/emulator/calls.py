"""The default answers: calls of tools that were offered, JSON that was asked for, or words."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from attrs import evolve

from modelwire_bedrock.emulator.answers import Answer, Block, ToolUse
from modelwire_bedrock.emulator.documents import parse_json
from modelwire_bedrock.emulator.errors import validation
from modelwire_bedrock.emulator.rules import wants_short_ids
from modelwire_bedrock.emulator.scenario import EmulatedCall
from modelwire_bedrock.emulator.synthesis import synthesize

__all__ = ["GREETING", "TOOLS_HEADER", "default_answer", "with_fitting_ids"]

GREETING = "This is the Bedrock emulator. You said: "
TOOLS_HEADER = "x-bedrock-emulator-tools"
"""The request header that says whether offered tools are called: `call` or `words`."""

_MADE_UP = re.compile(r"tooluse_[0-9a-f]{22}")


def default_answer(call: EmulatedCall, *, call_tools: bool) -> Answer:
    """The answer to a request for which nothing else was said.

    A tool that has to be called is called, with arguments that its schema accepts. With `call_tools`
    a tool that may be called is called too, unless the request holds results of tools.
    """
    parameters = call.parameters
    choice = (parameters.get("toolConfig") or {}).get("toolChoice") or {}
    forced = next(iter(choice), "auto")
    if forced != "auto" or (call_tools and not _has_results(parameters)):
        spec = _chosen(parameters, choice)
        if spec is not None:
            arguments = _synthesized(spec["inputSchema"].get("json", {}))
            return Answer(ToolUse(spec["name"], arguments or {}, id=_call_id(parameters)))
    schema = _answer_schema(parameters)
    if schema is not None:
        return Answer(json.dumps(_synthesized(schema)))
    return Answer(f"{GREETING}{call.last_text or '(nothing)'}")


def _synthesized(schema: Any) -> Any:
    try:
        return synthesize(schema)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # The keywords of a schema are anything; one that is none has no values.
        msg = "tools: JSON schema is invalid. It must match JSON Schema draft 2020-12."
        raise validation(msg) from None


def _chosen(parameters: Mapping[str, Any], choice: Mapping[str, Any]) -> Any:
    tools = (parameters.get("toolConfig") or {}).get("tools") or ()
    specs = [tool["toolSpec"] for tool in tools if "toolSpec" in tool]
    wanted = choice["tool"]["name"] if "tool" in choice else None
    return next((spec for spec in specs if wanted is None or wanted == spec["name"]), None)


def _has_results(parameters: Mapping[str, Any]) -> bool:
    messages = parameters.get("messages") or []
    return bool(messages) and any("toolResult" in block for block in messages[-1]["content"])


def _call_id(parameters: Mapping[str, Any]) -> str:
    """An id that is the same for the same request, and differs from turn to turn."""
    said = json.dumps(parameters, sort_keys=True, default=repr)
    return f"tooluse_{hashlib.sha256(said.encode()).hexdigest()[:22]}"


def with_fitting_ids(answer: Answer, base_model: str) -> Answer:
    """The answer with made-up ids of tool calls in a shape that the model takes back."""
    if not wants_short_ids(base_model):
        return answer
    return evolve(answer, content=tuple(_fitted(block) for block in answer.content))


def _fitted(block: Block) -> Block:
    if not isinstance(block, ToolUse) or _MADE_UP.fullmatch(block.id) is None:
        return block
    return evolve(block, id=hashlib.sha256(block.id.encode()).hexdigest()[:9])


def _answer_schema(parameters: Mapping[str, Any]) -> Any:
    form = (parameters.get("outputConfig") or {}).get("textFormat") or {}
    # Converse has the schema as text; the body of Anthropic has it beside the type.
    text = form.get("structure", {}).get("jsonSchema", {}).get("schema")
    try:
        return form.get("schema") if text is None else parse_json(text)
    except ValueError:
        return None
