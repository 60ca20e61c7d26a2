"""Requests of Converse, read into calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import evolve

from modelwire.authoring import parse_json_or_none
from modelwire.dialects import Fields, ServedCall
from modelwire.hookspecs import CacheRetention, CompletionOptions, ToolChoice
from modelwire.messages import Context, Tool
from modelwire.models import Model
from modelwire_bedrock.converse.served.history import ConverseReader
from modelwire_bedrock.converse.served.thinking import read_reasoning

__all__ = ["API", "read_call"]

API: Final = "bedrock-converse-stream"

_PASSED: Final = (
    "additionalModelRequestFields",
    "additionalModelResponseFieldPaths",
    "performanceConfig",
    "promptVariables",
    "serviceTier",
)
"""Fields that a model on Converse takes; `guardrailConfig` is for the gateway's owner to set."""


def read_call(body: Fields, model: Model, upstream: str) -> ServedCall:
    """Read a request.

    Args:
        body: Its body.
        model: The model that it resolves to.
        upstream: The API in which that model is called.

    Raises:
        BadRequest: It cannot be served.
    """
    body.any("model")
    config = body.object("inferenceConfig") or Fields({}, "inferenceConfig")
    call = ServedCall(
        Context(),
        CompletionOptions(
            max_tokens=config.count("maxTokens"),
            temperature=config.number("temperature"),
            top_p=config.number("topP"),
            stop=config.texts("stopSequences"),
            metadata=_labels(body),
        ),
    )
    reader = ConverseReader(model, upstream, call)
    system = reader.system(body)
    messages = reader.messages(body)
    tools, choice = _tools(body, reader, call)
    call.context = Context(messages, system, tools)
    retention: CacheRetention = ("long" if reader.long else "short") if reader.cached else "none"
    call.options = evolve(call.options, tool_choice=choice, cache_retention=retention)
    _read_schema(body, call)
    if upstream == API:
        given = {name: body.any(name) for name in _PASSED}
        call.add_params({name: value for name, value in given.items() if value is not None})
    else:
        fields = body.object("additionalModelRequestFields")
        if fields is not None:
            call.options = evolve(call.options, reasoning=read_reasoning(fields))
            for name in fields.rest():
                call.note(fields.place(name), "The model's API does not have it.")
    for name in body.rest():
        call.note(name, "It is not passed on.")
    return call


def _labels(body: Fields) -> dict[str, str]:
    given = body.object("requestMetadata")
    return {} if given is None else {str(name): given.need_text(name) for name in given.data}


def _tools(
    body: Fields, reader: ConverseReader, call: ServedCall
) -> tuple[list[Tool], ToolChoice | None]:
    config = body.object("toolConfig")
    if config is None:
        return [], None
    return list(_each_tool(config, reader, call)), _choice(config)


def _each_tool(config: Fields, reader: ConverseReader, call: ServedCall) -> Iterator[Tool]:
    for given in config.objects("tools"):
        spec = given.object("toolSpec")
        if spec is not None:
            holder = spec.object("inputSchema")
            schema = holder.object("json") if holder is not None else None
            if schema is None:
                raise spec.error("inputSchema", "an object with a schema in json")
            yield Tool(
                spec.need_text("name"),
                spec.text("description") or "",
                {"type": "object", "properties": {}} | dict(schema.data),
                spec.flag("strict"),
            )
        elif given.any("cachePoint") is not None:
            reader.cache_point(given)
        else:
            call.note(given.path, "A tool of this kind is not passed on.")


def _choice(config: Fields) -> ToolChoice | None:
    given = config.object("toolChoice")
    if given is None:
        return None
    for mode in ("auto", "any"):
        if given.any(mode) is not None:
            return ToolChoice.parse(mode)
    tool = given.object("tool")
    if tool is None:
        raise config.error("toolChoice", "one of auto, any, tool")
    return ToolChoice("tool", tool.need_text("name"))


def _read_schema(body: Fields, call: ServedCall) -> None:
    """Read the schema of a structured answer, which is JSON in a text."""
    config = body.object("outputConfig")
    form = config.object("textFormat") if config is not None else None
    structure = form.object("structure") if form is not None else None
    holder = structure.object("jsonSchema") if structure is not None else None
    if holder is None:
        return
    schema = parse_json_or_none(holder.need_text("schema"))
    if not isinstance(schema, dict):
        raise holder.error("schema", "a JSON Schema in a string")
    call.options = evolve(call.options, response_schema=schema)
