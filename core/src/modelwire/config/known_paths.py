"""Known configuration paths: read by modelwire, allowed, or read by nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal

from attrs import frozen

from modelwire.config.json_schema import PLUGINS_MAY_READ, config_schema
from modelwire.document import Path, Step, format_path
from modelwire.text import near_matches

__all__ = ["PathCheck", "look_up_path", "takes_only_text", "unread_paths"]

_DISTINCT = 9
"""The least length of a key that is looked for one level below; short ones mean many things."""


@frozen
class PathCheck:
    """The verdict on a path.

    Attributes:
        verdict: `read` by modelwire; `open` where plugins may read it, or any key is allowed;
            `unread` where nothing in modelwire reads it.
        path: The path as far as it was followed, as text: where it is not read, up to the key that
            is not known.
        near: The path with a known key that is spelled much like the unknown one, in its place or one level
            below, or `None`.
    """

    verdict: Literal["read", "open", "unread"]
    path: str
    near: str | None = None


def look_up_path(path: Path) -> PathCheck:
    """Follow a path through the schema."""
    depth, nodes = _follow(path)
    if depth == len(path):
        return PathCheck("read" if nodes else "open", format_path(path))
    return _missing(path, depth, nodes)


def takes_only_text(path: Path) -> bool:
    """Whether a path takes only text: no numbers, no `true` or `false`."""
    depth, nodes = _follow(path)
    if depth < len(path) or not nodes:
        return False
    allowed = {kind for node in nodes for kind in _types(node)}
    return "string" in allowed and not allowed & {"number", "integer", "boolean"}


def unread_paths(document: Any) -> Iterator[tuple[Path, PathCheck]]:
    """Find the keys of a document that look like a misspelt known one."""
    pending: deque[tuple[Path, Any]] = deque([((), document)])
    while pending:
        path, value = pending.popleft()
        finding = look_up_path(path)
        if finding.near:
            yield path, finding
        if finding.verdict != "read":
            continue
        items: Any = ()
        if isinstance(value, Mapping):
            items = value.items()
        elif isinstance(value, list):
            items = enumerate(value)
        pending.extend(((*path, step), item) for step, item in items)


def _follow(path: Path) -> tuple[int, list[dict[str, Any]]]:
    """Follow the steps that the schema knows; no node is left where any value is allowed."""
    nodes = [_schema()]
    for depth, step in enumerate(path):
        found = [_resolved(child) for node in nodes for child in _children(node, step)]
        if not found:
            return depth, nodes
        if any(not set(child) - {"description"} for child in found):
            return len(path), []
        nodes = [choice for child in found for choice in _choices(child)]
    return len(path), nodes


def _types(node: dict[str, Any]) -> list[str]:
    kinds = node.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def _missing(path: Path, depth: int, nodes: list[dict[str, Any]]) -> PathCheck:
    objects = [node for node in nodes if "object" in _types(node)]
    if any("properties" not in node for node in objects):
        return PathCheck("open", format_path(path))
    names = [name for node in objects for name in node["properties"]]
    text = format_path(path[: depth + 1])
    plugins = any(node.get(PLUGINS_MAY_READ) for node in objects)
    step = str(path[depth])
    near: Path = tuple(near_matches(step, names, most=1, doubtful=True)) or _below(step, objects)
    return PathCheck(
        "open" if plugins else "unread",
        text,
        format_path((*path[:depth], *near, *path[depth + 1 :])) if near else None,
    )


def _below(step: str, objects: list[dict[str, Any]]) -> Path:
    """The path of a key one level below that is almost certainly meant, as `model.fallbacks`."""
    below = {
        inner: (name, inner)
        for node in objects
        for name, child in node["properties"].items()
        for choice in _choices(_resolved(child))
        for inner in choice.get("properties", {})
    }
    distinct = [name for name in below if len(name) >= _DISTINCT]
    near = near_matches(step, distinct, most=1, doubtful=True)
    return below[near[0]] if near else ()


def _children(node: dict[str, Any], step: Step) -> Iterator[dict[str, Any]]:
    properties = node.get("properties", {})
    if str(step) in properties:
        yield properties[str(step)]
    elif isinstance(node.get("additionalProperties"), dict):
        yield node["additionalProperties"]
    elif "items" in node and (isinstance(step, int) or step.isdigit()):
        yield node["items"]


def _choices(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for choice in node.get("anyOf", [node]):
        resolved = _resolved(choice)
        if resolved is node:
            yield node
        else:
            yield from _choices(resolved)


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = _schema()["$defs"][node["$ref"].rpartition("/")[2]]
    return node


@cache
def _schema() -> dict[str, Any]:
    return config_schema(described=False)
