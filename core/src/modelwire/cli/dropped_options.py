"""Dropped options: those that were given and that the model does not take."""

from __future__ import annotations

from collections.abc import Collection

from modelwire.messages import AssistantMessage

__all__ = ["dropped_options"]

_NOT_SENT = ("dropped", "ignored")
_PREFIX = "options."
_PARAMS = "params."


def dropped_options(message: AssistantMessage, given: Collection[str]) -> str | None:
    """Name the given options that were not sent, with the reasons, in one line; `None` for none.

    Args:
        message: The answer, whose diagnostics say what was changed in the request.
        given: The options that the user gave, as attributes of `CompletionOptions`, and each of the
            params as `params.<name>`.
    """
    dropped: dict[str, str] = {}
    for each in message.diagnostics:
        path = str(each.get("path", ""))
        if each.get("type") not in _NOT_SENT or not path.startswith(_PREFIX):
            continue
        name = path.removeprefix(_PREFIX).partition("[")[0]
        if name in given or _named(name) in given:
            dropped.setdefault(_flag(_named(name)), str(each.get("reason", "")))
    if not dropped:
        return None
    reasons = "; ".join(f"{flag} ({reason.rstrip('.')})" for flag, reason in dropped.items())
    return f"Not sent to {message.provider}/{message.model}: {reasons}."


def _named(name: str) -> str:
    """An option without what is inside it."""
    first, _, rest = name.partition(".")
    return f"{first}.{rest.partition('.')[0]}" if first == "params" and rest else first


def _flag(name: str) -> str:
    if name.startswith(_PARAMS):
        return f"-o {name.removeprefix(_PARAMS)}"
    return f"--{name.replace('_', '-')}"
