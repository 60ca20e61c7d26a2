"""Batch records: a row that is read from the input, and the lines that are written for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import Factory, frozen

from modelwire.errors import InvalidMessage, InvalidRequest, ModelwireError, ProviderError
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import AssistantMessage, Context, Message, Tool, Usage, UserMessage
from modelwire.messages.codec import converter, message_from_json, message_to_json
from modelwire.messages.dictionaries import read_messages
from modelwire.models import Model
from modelwire.runtime.caller_options import check_call, options_of
from modelwire.text import has_surrogates, near_matches
from modelwire.tools.forms import declarations, read_tools

if TYPE_CHECKING:
    from modelwire.batch.request_shapes import FoundRequest, RequestShapes
    from modelwire.dialects import Note, ServedCall

__all__ = ["BatchRow", "answer_record", "failure_record", "id_of_line", "parse_row", "row_id"]

_OPTIONS = (
    "max_tokens", "temperature", "top_p", "stop", "reasoning", "tool_choice", "cache_retention",
    "metadata", "session_id", "response_schema", "params", "plugins",
)  # fmt: skip
_CALL = ("model", "fallbacks")
_OTHER_NAMES = {
    "instructions": "system",
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "reasoning_effort": "reasoning",
    "response_format": "response_schema",
    "stop_sequences": "stop",
    "system_prompt": "system",
}
"""Fields of other programs, with the fields that are meant."""
_KNOWN = ("custom_id", "prompt", "messages", "system", "tools", *_CALL, *_OPTIONS)
_OWN_BLOCKS = frozenset({
    "thinking", "toolCall", "image", "file", "mediaUrl", "searchResult", "guardContent",
})  # fmt: skip
"""Types of content that only modelwire's own messages have."""


@frozen
class BatchRow:
    """A row of a batch: one request.

    Attributes:
        custom_id: Its id: the row's own, or the number of its line.
        line: The number of its line in the input, from 1.
        messages: The conversation.
        system: The system prompt, or `None`.
        tools: The tools that the model may call.
        options: Keyword arguments of `Runtime.complete` that the row has itself, such as `max_tokens`.
        notes: The parts of a request in an API's shape that are not passed on.
    """

    custom_id: str
    line: int
    messages: tuple[Message, ...]
    system: str | None = None
    tools: tuple[Tool, ...] = ()
    options: Mapping[str, Any] = Factory(dict)
    notes: tuple[Note, ...] = ()

    @property
    def context(self) -> Context:
        """The conversation with its system prompt and tools, for a call of its own."""
        return Context(list(self.messages), self.system, list(self.tools))


def row_id(
    data: Mapping[str, Any], line: int, *, shapes: Callable[[], RequestShapes] | None = None
) -> str:
    """The id of a line: its `custom_id`, the id of an API's batch line, or the number of the line.

    Args:
        data: The line.
        line: Its number, from 1.
        shapes: Loads the batch lines of APIs; by default those of the installed plugins.

    Raises:
        InvalidRequest: The id is neither text nor a whole number, or is empty.
    """
    name = "custom_id"
    if name not in data and not _is_own(data):
        found = _shapes(shapes)().id_members & data.keys()
        name = min(found, default=name)
    given = data.get(name)
    if given is None:
        return str(line)
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    if not isinstance(given, str) or not given or has_surrogates(given):
        raise _wrong(line, f"{name} must be text that is not empty, or a whole number.")
    return given


def id_of_line(data: object, line: int, shapes: Callable[[], RequestShapes] | None = None) -> str:
    """The id of a line that may be none of a row; where it has no valid id, the number of the line."""
    if not isinstance(data, Mapping):
        return str(line)
    try:
        return row_id(data, line, shapes=shapes)
    except InvalidRequest:
        return str(line)


def parse_row(
    data: object,
    line: int,
    *,
    model: Model | None = None,
    upstream: str | None = None,
    shapes: Callable[[], RequestShapes] | None = None,
) -> BatchRow:
    """Read a line of a batch's input.

    A line has `prompt`, or `messages` in the form of modelwire or of Chat Completions, with `system`,
    `tools` and options beside it; or it is a line of a service's batch input: `url` and `body`, or
    the members that an API's dialect names. Other fields are left out, unless they look like
    a field that is misspelled.

    Args:
        data: The line, as plain JSON data.
        line: Its number, from 1.
        model: The model that will be called, where it is known.
        upstream: The API in which that model is called; by default that of the request.
        shapes: Loads the batch lines of APIs; by default those of the installed plugins.

    Raises:
        InvalidRequest: The line is not a request; the error names the line and the field.
    """
    if not isinstance(data, Mapping):
        raise _wrong(line, f"expected an object, found {type(data).__name__}.")
    custom_id = row_id(data, line, shapes=shapes)
    try:
        if _is_own(data):
            return _own_row(data, custom_id, line)
        found = _request_in(data, line, _shapes(shapes)())
        return _api_row(found, custom_id, line, model, upstream)
    except InvalidMessage as error:
        problems = "; ".join(str(problem) for problem in error.problems)
        raise _wrong(line, f"{error.message} {problems}".rstrip(), error.hint) from error
    except InvalidRequest as error:
        if error.message.startswith(_prefix(line)):
            raise
        raise _wrong(line, error.message.removeprefix("options."), error.hint) from error


def answer_record(
    row: BatchRow, result: AssistantMessage, attempts: int | None = None
) -> dict[str, Any]:
    """The line of an answer, as JSON data.

    Args:
        row: The row.
        result: The answer.
        attempts: The number of attempts; by default that of the answer.
    """
    usage: Usage = result.usage
    record: dict[str, Any] = {
        "custom_id": row.custom_id,
        "line": row.line,
        "message": message_to_json(result),
        "usage": converter().unstructure(usage),
        "cost": None if usage.cost is None else usage.cost.total,
        "attempts": len(result.attempts) + 1 if attempts is None else attempts,
    }
    if row.notes:
        record["ignored"] = [{"path": note.path, "reason": note.reason} for note in row.notes]
    return record


def failure_record(row: BatchRow, error: ModelwireError, attempts: int) -> dict[str, Any]:
    """The line of a failed row, as JSON data.

    Args:
        row: The row.
        error: Its last error.
        attempts: The number of attempts; 0 if it could not be sent.
    """
    details: dict[str, Any] = {
        "code": error.code,
        "message": str(error),
        "hint": error.hint,
        "retryable": bool(error.retryable),
    }
    if isinstance(error, ProviderError):
        details |= {
            "provider": error.provider,
            "model": error.model,
            "status": error.status,
            "requestId": error.request_id,
        }
    return {"custom_id": row.custom_id, "line": row.line, "error": details, "attempts": attempts}


def _is_own(data: Mapping[str, Any]) -> bool:
    return "prompt" in data or "messages" in data


def _shapes(given: Callable[[], RequestShapes] | None) -> Callable[[], RequestShapes]:
    if given is not None:
        return given
    from modelwire.batch.request_shapes import installed_shapes

    return installed_shapes


def _own_row(data: Mapping[str, Any], custom_id: str, line: int) -> BatchRow:
    _check_fields(data, line)
    if "prompt" in data and "messages" in data:
        raise _wrong(line, "prompt and messages are both given; choose one of them.")
    messages, instructions = _messages(data, line)
    system = data.get("system", data.get("systemPrompt"))
    call = {name: data[name] for name in _CALL if data.get(name) is not None}
    check_call(**call, system=system)
    if system is None or instructions is None:
        system = instructions if system is None else system
    else:
        system = f"{system}\n\n{instructions}"
    options = {name: data[name] for name in _OPTIONS if data.get(name) is not None}
    options_of(None, options, parse_row)
    tools = tuple(declarations(read_tools(_tools(data, line))))
    return BatchRow(custom_id, line, tuple(messages), system, tools, {**call, **options})


def _check_fields(data: Mapping[str, Any], line: int) -> None:
    for name in data:
        if name in _KNOWN or not isinstance(name, str):
            continue
        meant = _OTHER_NAMES.get(name)
        if meant is None and name != "systemPrompt":
            near = near_matches(name, _KNOWN, most=1, doubtful=True)
            meant = near[0] if near else None
        if meant is not None:
            raise _wrong(line, f"{name!r} is not a field of a row.", f"Did you mean {meant}?")


def _messages(data: Mapping[str, Any], line: int) -> tuple[list[Message], str | None]:
    if "prompt" in data:
        prompt = data["prompt"]
        if not isinstance(prompt, str) or not prompt.strip():
            raise _wrong(line, "prompt must be text that is not empty.")
        return [UserMessage(prompt)], None
    given = data["messages"]
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise _wrong(line, "messages must be a list with at least one message.")
    read: list[Message | Mapping[str, Any]] = []
    for index, each in enumerate(given):
        try:
            read.append(message_from_json(each) if _is_modelwires(each) else each)
        except InvalidMessage as error:
            problems = "; ".join(str(problem) for problem in error.problems)
            raise _wrong(line, f"messages[{index}] is not valid. {problems}") from error
    messages, system = read_messages(read)
    if not messages:
        raise _wrong(line, "messages has only system messages.")
    return messages, system


def _is_modelwires(message: object) -> bool:
    """Whether a message is in modelwire's form where that of Chat Completions is different."""
    if not isinstance(message, Mapping):
        return False
    if message.get("role") == "toolResult" or "stopReason" in message:
        return True
    content = message.get("content")
    blocks = content if isinstance(content, list) else ()
    return any(_is_own_block(block) for block in blocks)


def _is_own_block(block: object) -> bool:
    if not isinstance(block, Mapping) or block.get("type") not in _OWN_BLOCKS:
        return False
    return block["type"] not in block  # `{"type": "file", "file": {...}}` is Chat Completions'


def _tools(data: Mapping[str, Any], line: int) -> list[Any]:
    given = data.get("tools")
    if given is None:
        return []
    if not isinstance(given, list):
        raise _wrong(line, "tools must be a list.")
    read: list[Any] = []
    for index, tool in enumerate(given):
        if not isinstance(tool, Mapping) or "type" in tool:
            read.append(tool)
            continue
        with suppress(InvalidMessage):
            read.append(_own_tool(tool))
            continue
        raise _wrong(line, f"tools[{index}] is not a tool.", "A tool has name and parameters.")
    return read


def _own_tool(data: Mapping[str, Any]) -> Tool:
    from modelwire.messages.codec import context_from_json

    return context_from_json({"messages": [], "tools": [data]}).tools[0]


def _request_in(data: Mapping[str, Any], line: int, shapes: RequestShapes) -> FoundRequest:
    url = data.get("url")
    if isinstance(url, str) and "body" in data:
        method = data.get("method", "POST")
        if method != "POST":
            raise _wrong(line, f"method must be POST, not {method!r}.")
        found = shapes.of_url(url, data["body"])
        if found is None:
            served = sorted({path for each in shapes.dialects for path in each.paths})
            raise _wrong(line, f"no plugin reads requests of the url {url!r}.", _paths(served))
    else:
        found = shapes.of_members(data)
    if found is None:
        _check_fields(data, line)
        hint = 'A line is such as {"custom_id": "1", "prompt": "..."}.'
        raise _wrong(line, "it has neither prompt nor messages nor a request of an API.", hint)
    return found


def _paths(served: Sequence[str]) -> str:
    return f"There are {', '.join(served)}." if served else "Install the plugin of that API."


def _api_row(
    found: FoundRequest, custom_id: str, line: int, model: Model | None, upstream: str | None
) -> BatchRow:
    from modelwire.dialects import BadRequest

    if not isinstance(found.body, Mapping):
        raise _wrong(line, f"{found.place} must be an object.")
    named = found.body.get("model", found.model)
    if named is not None and not isinstance(named, str):
        raise _wrong(line, f"{found.place}.model must be text.")
    called = model or Model("unknown", named or "unknown")
    try:
        call = found.dialect.read(
            found.body, {}, called, found.dialect.api if upstream is None else upstream
        )
    except BadRequest as error:
        raise _wrong(line, f"in {found.place}, {error.message}") from error
    options = _given_options(call)
    if named is not None:
        options["model"] = named
    context = call.context
    return BatchRow(
        custom_id,
        line,
        tuple(context.messages),
        context.system_prompt,
        tuple(context.tools),
        options,
        tuple(call.notes),
    )


def _given_options(call: ServedCall) -> dict[str, Any]:
    """The options of a request that differ from the defaults."""
    plain = CompletionOptions()
    given = {name: getattr(call.options, name) for name in _OPTIONS}
    return {name: value for name, value in given.items() if value != getattr(plain, name)}


def _prefix(line: int) -> str:
    return f"Line {line}: "


def _wrong(line: int, message: str, hint: str | None = None) -> InvalidRequest:
    return InvalidRequest(f"{_prefix(line)}{message}", retryable=False, hint=hint)
