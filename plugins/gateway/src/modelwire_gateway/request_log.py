"""The log of requests: a line for each, as text or as JSON; with content only where that is enabled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec

from modelwire.cli import echo, printable
from modelwire.messages import AssistantMessage
from modelwire_gateway.records import Observer, RequestRecord

__all__ = ["LogFormat", "request_logger"]

_LONGEST: Final = 10_000
"""Characters of a text in the log."""

LogFormat: TypeAlias = Literal["text", "json", "none"]


def request_logger(form: LogFormat) -> Observer | None:
    """Make what writes the log to standard error; `None` where there is to be none."""
    if form == "none":
        return None
    write = _text if form == "text" else _json
    return lambda record: echo(write(record), err=True)


def _text(record: RequestRecord) -> str:
    how = f"{record.status} {record.failure}" if record.failure else str(record.status)
    parts = [f"{record.door} {record.name or '-'} -> {how}", f"{record.seconds:.2f} s"]
    if record.usage is not None and record.usage.total_tokens:
        used = record.usage
        parts.append(f"{used.total_tokens - used.output} + {used.output} tokens")
    if record.cost is not None:
        parts.append(f"{record.cost:.6f} USD")
    return printable(", ".join(parts))


def _shortened(value: Any) -> Any:
    """The same data with long texts cut, as those of pictures."""
    if isinstance(value, str):
        rest = len(value) - _LONGEST
        return value if rest <= 0 else f"{value[:_LONGEST]}… ({rest} more characters)"
    if isinstance(value, Mapping):
        return {name: _shortened(each) for name, each in value.items()}
    return [_shortened(each) for each in value] if isinstance(value, list) else value


def _written(message: AssistantMessage) -> dict[str, Any]:
    return {
        "text": message.text,
        "thinking": message.thinking,
        "tool_calls": [
            {"id": call.id, "name": call.name, "arguments": call.arguments}
            for call in message.tool_calls
        ],
        "stop_reason": message.stop_reason,
    }


def _json(record: RequestRecord) -> str:
    usage = record.usage
    line: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.began, UTC).isoformat(timespec="milliseconds"),
        "request_id": record.request_id,
        "door": record.door,
        "caller": record.caller,
        "name": record.name,
        "model": record.model,
        "stream": record.stream,
        "status": record.status,
        "failure": record.failure,
        "seconds": round(record.seconds, 6),
        "first_byte": None if record.first_byte is None else round(record.first_byte, 6),
        "input_tokens": None if usage is None else usage.total_tokens - usage.output,
        "output_tokens": None if usage is None else usage.output,
        "cost": record.cost,
    }
    if record.content is not None:
        answer = record.content.answer
        line["request"] = _shortened(record.content.request)
        line["answer"] = None if answer is None else _shortened(_written(answer))
    return msgspec.json.encode(line).decode()
