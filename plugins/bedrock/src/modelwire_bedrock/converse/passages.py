"""Passages: parts of a request that the caller writes in the form of Converse itself.

What Converse has and modelwire has no word for goes through `params.converse`, which is merged over
the finished request; `params.content` adds content blocks to the user's last message. Both are
recorded, as nothing is checked of them but what botocore's service model says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelwire.errors import InvalidRequest
from modelwire.repair import Changes
from modelwire_bedrock.converse.options import Params

__all__ = ["add_content", "add_passages"]

_APPENDED = frozenset({"system", "toolConfig.tools", "additionalModelResponseFieldPaths"})
"""Lists that a passage adds to; any other it replaces."""
_OWN = "modelId"


def add_content(messages: list[dict[str, Any]], params: Params, changes: Changes) -> None:
    """Add the blocks of `params.content` to the user's last message.

    Raises:
        InvalidRequest: It is no list of objects, or the conversation does not end with the user.
    """
    path, blocks = params.take("content")
    if blocks is None:
        return
    if not isinstance(blocks, list | tuple) or not all(isinstance(b, Mapping) for b in blocks):
        msg = f"{path} must be a list of content blocks of Converse."
        raise InvalidRequest(msg, hint='As in [{"guardContent": {"text": {"text": "..."}}}].')
    if messages[-1]["role"] != "user":
        msg = f"{path} belongs to the user's last message, and the conversation ends with another."
        raise InvalidRequest(msg)
    if blocks:
        messages[-1]["content"] = [*messages[-1]["content"], *map(dict, blocks)]
        changes.added(path, f"{len(blocks)} content blocks are sent as they were given.")


def add_passages(payload: dict[str, Any], params: Params, changes: Changes) -> dict[str, Any]:
    """The payload with what the caller's parameters add in the form of Converse; merged last.

    Raises:
        InvalidRequest: A parameter has a wrong type.
    """
    path, names = params.take("systemTools", "system_tools")
    if names is not None:
        if not isinstance(names, list | tuple) or not all(isinstance(n, str) for n in names):
            msg = f"{path} must be a list of names."
            raise InvalidRequest(msg, hint='As in ["nova_grounding"].')
        tools = [{"systemTool": {"name": name}} for name in names]
        payload = _merge(payload, {"toolConfig": {"tools": tools}}) if tools else payload
    for name, place in (
        ("projectIdentifier", ("projectIdentifier",)),
        ("effort", ("outputConfig", "effort")),
    ):
        path, value = params.take(name)
        if value is None:
            continue
        if not isinstance(value, str):
            msg = f"{path} must be a text; it is {value!r}."
            raise InvalidRequest(msg)
        added: Any = value
        for key in reversed(place):
            added = {key: added}
        payload = _merge(payload, added)
    path, given = params.take("converse")
    if given is None:
        return payload
    if not isinstance(given, Mapping):
        msg = f"{path} must be an object with the parameters of Converse."
        raise InvalidRequest(msg)
    for key in given:
        if key == _OWN:
            changes.dropped(f"{path}.{key}", "The model is that of the call.")
        else:
            changes.rewritten(f"{path}.{key}", "It is sent as it was given, over the request.")
    return _merge(payload, {key: value for key, value in given.items() if key != _OWN})


def _merge(ours: Mapping[str, Any], given: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """Merge objects, join lists that are known to grow, and remove keys with `None`."""
    merged = dict(ours)
    for key, value in given.items():
        path = f"{place}.{key}" if place else key
        mine = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = _merge(mine if isinstance(mine, Mapping) else {}, value, path)
        elif path in _APPENDED and isinstance(mine, list) and isinstance(value, list | tuple):
            merged[key] = [*mine, *value]
        else:
            merged[key] = list(value) if isinstance(value, tuple) else value
    return merged
