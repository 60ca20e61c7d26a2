"""Further request parameters, of the configuration and of the caller."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelwire.repair import Changes, clean_json

__all__ = ["merge_params"]

_READ_ELSEWHERE = frozenset({
    # Where to send the request, and as whom.
    "organization", "project", "apiVersion", "api_version", "baseUrl",
    # What the agent around the model reads.
    "transport", "fastMode",
})  # fmt: skip
_OURS = frozenset({"messages", "model", "n", "stream", "stream_options"})
_EXTRA = ("extra_body", "extraBody")
# Where the API itself has a name in camel case, or a service behind a gateway might.
_KEPT = frozenset({"providerOptions"})


def merge_params(
    payload: dict[str, Any], params: Mapping[str, Any], changes: Changes, *, is_openai: bool
) -> None:
    """Put parameters into a payload; they win over what the options say.

    A name in camel case, as the configuration has them, is written as the API writes it; what
    stands in `extra_body` goes in as it is. Tools, as those that a service runs itself, join the
    others. `null` takes a field out.
    """
    given = {key: value for key, value in params.items() if key not in _EXTRA}
    named = {(key if key in _KEPT else _snake(key)): (key, value) for key, value in given.items()}
    for key in _EXTRA:
        extra = params.get(key)
        if isinstance(extra, Mapping):
            named |= {str(name): (f"{key}.{name}", value) for name, value in extra.items()}
        elif extra is not None:
            changes.dropped(f"options.params.{key}", "It is not an object.")
    if is_openai and params.get("fastMode") is True:
        payload["service_tier"] = "priority"
    for name, (key, value) in named.items():
        if key in _READ_ELSEWHERE:
            continue
        if name in _OURS:
            changes.note("ignored", f"options.params.{key}", "It is not for the caller to say.")
        elif value is None:
            payload.pop(name, None)
        elif name == "tools" and isinstance(value, list):
            payload["tools"] = [*payload.get("tools", ()), *clean_json(value)]
        else:
            payload[name] = clean_json(value)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", name)
