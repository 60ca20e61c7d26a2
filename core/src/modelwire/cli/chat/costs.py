"""Usage and costs of a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from modelwire.cli.text import align
from modelwire.errors import InvalidMessage
from modelwire.messages import AssistantMessage, Usage
from modelwire.sessions import Entry
from modelwire.sessions.replay import stored_message

__all__ = ["AnswerCost", "cost_lines", "spent_on"]

_HEAD = ("Model", "In", "Out", "Cached", "USD")


@frozen
class AnswerCost:
    """One answer that was paid for.

    Attributes:
        model: Who answered, as `provider/model-id`.
        usage: What it used.
        kept: Whether the answer still is a part of the conversation.
    """

    model: str
    usage: Usage
    kept: bool


def spent_on(entries: Iterable[Entry], kept: Iterable[str]) -> list[AnswerCost]:
    """Every answer of a session, also those that another one was asked for in their place."""
    ids = set(kept)
    found: list[AnswerCost] = []
    for entry in entries:
        message = entry.data.get("message")
        if entry.kind != "message" or not isinstance(message, dict):
            continue
        try:
            answer = stored_message(message)
        except InvalidMessage:
            continue
        if isinstance(answer, AssistantMessage):
            model = f"{answer.provider}/{answer.model}"
            found.append(AnswerCost(model, answer.usage, entry.id in ids))
    return found


def cost_lines(answers: Sequence[AnswerCost], *, room: int | None = None) -> list[str]:
    """A table of the answers, and their sum. What is not known is said to be unknown."""
    spent = [item for item in answers if item.usage.total_tokens or item.usage.cost]
    untold = len(answers) - len(spent)
    lines = _table(spent, room) if spent else ["Nothing is known to be used."]
    if untold:
        lines.append(f"What {_answers(untold)} used, the provider did not say.")
    return lines


def _table(spent: Sequence[AnswerCost], room: int | None) -> list[str]:
    rows = [
        _row(item.model if item.kept else f"{item.model} (replaced)", item.usage) for item in spent
    ]
    total = Usage(
        input=sum(item.usage.input for item in spent),
        output=sum(item.usage.output for item in spent),
        cache_read=sum(item.usage.cache_read for item in spent),
        cache_write=sum(item.usage.cache_write for item in spent),
    )
    *counts, _ = _row("Total", total)
    known = [item.usage.cost.total for item in spent if item.usage.cost is not None]
    unknown = len(spent) - len(known)
    amount = _dollars(sum(known)) if known else "unknown"
    lines = list(align([_HEAD, *rows, (*counts, amount)], room=room))
    if unknown and known:
        lines.append(f"The price of {_answers(unknown)} is not known, and not in the total.")
    elif unknown:
        lines.append("No price is known; a model's `cost` in the configuration sets it.")
    return lines


def _answers(count: int) -> str:
    return "1 answer" if count == 1 else f"{count} answers"


def _row(name: str, usage: Usage) -> tuple[str, ...]:
    cached = usage.cache_read + usage.cache_write
    cost = "unknown" if usage.cost is None else _dollars(usage.cost.total)
    return (name, f"{usage.input:,}", f"{usage.output:,}", f"{cached:,}", cost)


def _dollars(amount: float) -> str:
    return f"{amount:.6f}" if 0 < amount < 0.01 else f"{amount:.4f}"
