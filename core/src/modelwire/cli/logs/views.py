"""The output of `modelwire logs`: lines, whole answers, tables and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from modelwire.cli.output import echo, echo_answer
from modelwire.cli.styled import style
from modelwire.cli.text import align, printable, room

__all__ = ["as_json", "line", "show", "usage_rows", "usage_table"]

_HEADER = ("Day", "Model", "Answers", "Input", "Output", "Cost, USD")
_SHORTENED = 60


def as_json(row: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """An answer for programs.

    Args:
        row: The answer.
        whole: Whether its messages are in it.
    """
    data = {
        "id": row["id"],
        "previous": row["previous"],
        "time": _time(row).isoformat(timespec="milliseconds"),
        "seconds": row["seconds"],
        "model": f"{row['provider']}/{row['model']}",
        "stopReason": row["stop_reason"],
        "errorCode": row["error_code"],
        "errorMessage": row["error_message"],
        "systemPrompt": row["system"],
        "prompt": row["prompt"],
        "answer": row["answer"],
        "options": json.loads(row["options"]),
        "usage": {
            "input": row["input"],
            "output": row["output"],
            "cacheRead": row["cache_read"],
            "cacheWrite": row["cache_write"],
            "cost": row["cost"],
        },
    }
    if whole:
        data["messages"] = [*json.loads(row["sent"]), *json.loads(row["received"])]
    return data


def line(row: Mapping[str, Any]) -> str:
    """An answer on one line: its id, time and model, and the beginning of the prompt."""
    when = f"{_time(row):%Y-%m-%d %H:%M}"
    failed = f"[{row['error_code']}] " if row["error_code"] else ""
    start = " ".join(row["prompt"][: 4 * _SHORTENED].split())
    text = f"{row['id']:>4}  {when}  {row['provider']}/{row['model']}  {failed}{start}"
    cells = max(room() or len(text), _SHORTENED)
    shown = printable(text)
    return shown if len(shown) <= cells else f"{shown[: cells - 3]}..."


def show(row: Mapping[str, Any]) -> None:
    """Print a whole answer, with its prompt."""
    facts = [
        f"{_time(row):%Y-%m-%d %H:%M:%S}",
        f"{row['seconds']:.1f} s",
        f"{row['input'] + row['cache_read'] + row['cache_write']} tokens in",
        f"{row['output']} out",
    ]
    if row["cost"] is not None:
        facts.append(f"${row['cost']:.6f}")
    head = f"{row['id']}  {row['provider']}/{row['model']}"
    echo(style(printable(head), bold=True), printable(f"  {', '.join(facts)}"))
    if row["previous"]:
        echo(f"Continues {row['previous']}.")
    options = json.loads(row["options"])
    if options:
        echo(printable(f"Options: {json.dumps(options, ensure_ascii=False)}"))
    for name, text in (("System", row["system"]), ("Prompt", row["prompt"])):
        if text:
            echo(style(f"\n{name}", bold=True))
            echo_answer(text, nl=True)
    echo(style("\nAnswer", bold=True))
    echo_answer(row["answer"], nl=True)
    if row["error_code"]:
        echo(style("\nError", bold=True))
        echo(f"{row['error_message']} ({row['error_code']})", prose=True)


def usage_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The sums for programs; a cost is `null` where no price is known, and else that of the priced."""
    return [
        {
            "day": row["day"],
            "model": row["model"],
            "answers": row["answers"],
            "input": row["input"],
            "output": row["output"],
            "cacheRead": row["cache_read"],
            "cacheWrite": row["cache_write"],
            "cost": row["cost"],
            "unpriced": row["unpriced"],
        }
        for row in rows
    ]


def usage_table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The sums as a table; `+?` marks a cost to which answers without a known price are to be added."""
    cells = [
        (
            row["day"],
            row["model"],
            str(row["answers"]),
            str(row["input"] + row["cache_read"] + row["cache_write"]),
            str(row["output"]),
            _cost(row),
        )
        for row in rows
    ]
    yield from align([_HEADER, *cells], room=room())


def _cost(row: Mapping[str, Any]) -> str:
    if row["cost"] is None:
        return "?"
    return f"{row['cost']:.6f}{' +?' if row['unpriced'] else ''}"


def _time(row: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(row["at"] / 1000).astimezone()
