"""Usage and costs of a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from modelwire.cli.text import align, counted
from modelwire.errors import InvalidMessage
from modelwire.messages import AssistantMessage, Usage
from modelwire.sessions import Entry
from modelwire.sessions.replay import NO_MODEL, stored_message

__all__ = ["AnswerCost", "cost_lines", "spent_on"]

_HEAD = ("Model", "In", "Out", "Cached", "USD")


@frozen
class AnswerCost:
    """One answer that was paid for.

    Attributes:
        model: The model that answered, as `provider/model-id`.
        usage: What it used.
        kept: Whether the answer still is a part of the conversation.
    """

    model: str
    usage: Usage
    kept: bool


def spent_on(entries: Iterable[Entry], kept: Iterable[str]) -> list[AnswerCost]:
    """Every answer of a session, including those that were replaced by another."""
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
        if isinstance(answer, AssistantMessage) and answer.provider != NO_MODEL:
            model = f"{answer.provider}/{answer.model}"
            found.append(AnswerCost(model, answer.usage, entry.id in ids))
    return found


def cost_lines(answers: Sequence[AnswerCost], *, room: int | None = None) -> list[str]:
    """A table of the usage by model, and its sum. What is not known is shown as unknown."""
    spent = [item for item in answers if item.usage.total_tokens or item.usage.cost]
    untold = len(answers) - len(spent)
    lines = _table(spent, room) if spent else ["Nothing is known to be used."]
    if untold:
        lines.append(f"The provider did not report the usage of {counted(untold, 'answer')}.")
    return lines


def _table(spent: Sequence[AnswerCost], room: int | None) -> list[str]:
    by_model: dict[str, list[Usage]] = {}
    for item in spent:
        name = item.model if item.kept else f"{item.model} (replaced)"
        by_model.setdefault(name, []).append(item.usage)
    rows = [_row(name, usages) for name, usages in by_model.items()]
    usages = [item.usage for item in spent]
    lines = list(align([_HEAD, *rows, _row("Total", usages)], room=room))
    unknown = sum(usage.cost is None for usage in usages)
    if unknown == len(usages):
        lines.append("No price is known; a model's `cost` in the configuration sets it.")
    elif unknown:
        lines.append(
            f"The price of {counted(unknown, 'answer')} is unknown and not included in the total."
        )
    return lines


def _row(name: str, usages: Sequence[Usage]) -> tuple[str, ...]:
    counts = (
        sum(usage.input for usage in usages),
        sum(usage.output for usage in usages),
        sum(usage.cache_read + usage.cache_write for usage in usages),
    )
    known = [usage.cost.total for usage in usages if usage.cost is not None]
    cost = _dollars(sum(known)) if known else "unknown"
    return (name, *(f"{count:,}" for count in counts), cost)


def _dollars(amount: float) -> str:
    return f"{amount:.6f}" if 0 < amount < 0.01 else f"{amount:.4f}"
