"""The default answers: a call of a tool, the JSON that was requested, or words."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

from attrs import evolve

from modelwire_bedrock.emulator.answers import Answer, Block, ToolUse
from modelwire_bedrock.emulator.documents import parse_json
from modelwire_bedrock.emulator.errors import validation
from modelwire_bedrock.emulator.rules import wants_short_ids
from modelwire_bedrock.emulator.scenario import EmulatedCall
from modelwire_bedrock.emulator.synthesis import synthesize

__all__ = [
    "BUILT_IN",
    "GREETING",
    "MODEL_HEADER",
    "BuiltIn",
    "answer_schema",
    "default_answer",
    "last_number",
    "last_quoted",
    "with_fitting_ids",
]

GREETING = "This is the Bedrock emulator. You said: "
MODEL_HEADER = "x-bedrock-emulator-model"
"""The request header that says which built-in model answers: `echo` or `synth`."""

BuiltIn = Literal["echo", "synth"]
"""The models that are part of the emulator."""

BUILT_IN: Mapping[str, BuiltIn] = {name: name for name in get_args(BuiltIn)}
"""The same by their names."""

_QUOTED = re.compile(
    r"\"([^\"\n]+)\"|\u201c([^\u201d\n]+)\u201d|`([^`\n]+)`|(?<!\w)['\u2018]([^'\u2019\n]+)['\u2019](?!\w)"
)
_NUMBER = re.compile(r"(?<![\w.-])-?\d{1,15}(?:\.\d{1,15})?(?![\w-]|\.\d)")
_MADE_UP = re.compile(r"tooluse_[0-9a-f]{22}")


def default_answer(call: EmulatedCall, model: BuiltIn) -> Answer:
    """The answer to a request for which nothing else was said.

    A tool that has to be called is called, with arguments that its schema accepts. `synth` calls a
    tool that may be called, too, unless the last message has results of tools; `echo` repeats the
    prompt. Where a schema is requested, both answer with JSON.

    Raises:
        Refusal: A schema is not valid, or its values are too large.
    """
    parameters = call.parameters
    choice = (parameters.get("toolConfig") or {}).get("toolChoice") or {}
    mode = "none" if _no_tools(parameters) else next(iter(choice), "auto")
    if mode in ("any", "tool") or (
        mode == "auto" and model == "synth" and not _has_results(parameters)
    ):
        spec = _chosen(parameters, choice)
        if spec is not None:
            arguments = _synthesized(spec["inputSchema"].get("json", {}), call.last_text)
            return Answer(ToolUse(spec["name"], arguments or {}, id=_call_id(parameters)))
    schema = _wanted_schema(parameters, call.last_text)
    if schema is not None:
        return Answer(json.dumps(_synthesized(schema, call.last_text)))
    return Answer(f"{GREETING}{call.last_text or '(nothing)'}")


def last_quoted(text: str) -> str | None:
    """The last words of a text that are in quotation marks or backticks."""
    found = _quotations(text)
    return found[-1] if found else None


def last_number(text: str) -> float | None:
    """The last number of a text that is no part of a word."""
    found = _NUMBER.findall(text)
    return None if not found else float(found[-1]) if "." in found[-1] else int(found[-1])


def _quotations(text: str) -> list[str]:
    return [next(filter(None, match.groups())) for match in _QUOTED.finditer(text)]


def _synthesized(schema: Any, prompt: str) -> Any:
    try:
        return synthesize(schema, last_quoted(prompt), last_number(prompt))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # The keywords of a schema are anything; one that is none has no values.
        msg = "tools: JSON schema is invalid. It must match JSON Schema draft 2020-12."
        raise validation(f"{msg} (The emulator: {error}.)") from None


def _no_tools(parameters: Mapping[str, Any]) -> bool:
    """Whether a field of the model's own says that no tool is called."""
    own = parameters.get("additionalModelRequestFields")
    return isinstance(own, Mapping) and own.get("tool_choice") in ("none", {"type": "none"})


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
    canonical = json.dumps(parameters, sort_keys=True, default=repr)
    return f"tooluse_{hashlib.sha256(canonical.encode()).hexdigest()[:22]}"


def with_fitting_ids(answer: Answer, base_model: str) -> Answer:
    """The answer with made-up ids of tool calls in a shape that the model takes back."""
    if not wants_short_ids(base_model):
        return answer
    return evolve(answer, content=tuple(_fitted(block) for block in answer.content))


def _fitted(block: Block) -> Block:
    if not isinstance(block, ToolUse) or _MADE_UP.fullmatch(block.id) is None:
        return block
    return evolve(block, id=hashlib.sha256(block.id.encode()).hexdigest()[:9])


def _wanted_schema(parameters: Mapping[str, Any], prompt: str) -> Any:
    if parameters.get("jsonMode"):
        # Any object will do; prompts for JSON without a schema name its members in quotation marks.
        names = list(dict.fromkeys(_quotations(prompt))) or ["text"]
        words = {name: {"type": "string", "const": "text"} for name in names}
        return {"type": "object", "properties": words, "required": names}
    return answer_schema(parameters)


def answer_schema(parameters: Mapping[str, Any]) -> Any:
    """The schema that an answer has to follow, or `None`."""
    form = (parameters.get("outputConfig") or {}).get("textFormat") or {}
    # Converse has the schema as text; the body of Anthropic has it beside the type.
    text = form.get("structure", {}).get("jsonSchema", {}).get("schema")
    try:
        return form.get("schema") if text is None else parse_json(text)
    except ValueError:
        return None
