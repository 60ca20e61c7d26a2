"""The log of requests: a line for each, as text or as JSON; nothing that was said is in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

import msgspec

from modelwire.cli import echo, printable
from modelwire_gateway.records import Observer, RequestRecord

__all__ = ["LogFormat", "request_logger"]

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
    return msgspec.json.encode(line).decode()
