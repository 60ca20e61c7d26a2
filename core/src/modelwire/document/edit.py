"""Edits of JSON5 text that change one value and nothing else.

Comments, formatting, the order of keys and every other byte are not changed. New parts are written
in the style of their surroundings. The functions are pure: they read no file and write none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from modelwire.document.lexer import SyntaxMistake
from modelwire.document.parser import Array, Element, Node, Object, Scalar, Tree, parse, value_of
from modelwire.document.paths import Path, Step, format_path, list_index, parse_path
from modelwire.document.read import plain_data
from modelwire.document.splice import Place, add_item, remove_item, replacement, splice
from modelwire.document.style import Style
from modelwire.errors import ConfigError, Problem

__all__ = ["read_value", "replace_values", "set_value", "unset_value"]


def read_value(text: str, path: str | Sequence[Step]) -> Any:
    """Read the value at a path, as it is written; `None` where there is none.

    Args:
        text: A JSON5 document.
        path: The path, as text or as steps; no step at all means the whole document.

    Raises:
        ConfigError: The text is not JSON5, or the path is not valid.
    """
    tree = _parse(text)
    if path == ():
        return None if tree.root is None else value_of(tree.root)
    place = _find(tree, _steps(path))
    return None if place is None else value_of(place.items[-1].node)


def set_value(text: str, path: str | Sequence[Step], value: Any) -> str:
    """Set the value at a path.

    Objects and lists that are missing on the way are created. An object over an object, and a list
    over a list, change only in those parts that differ. Comments inside a value that is replaced
    are kept in front of the new one. An equal value does not change the text.

    Args:
        text: A JSON5 document; white space and comments alone count as an empty one.
        path: The path, as text or as steps. The index that is a list's length appends to it.
        value: Plain JSON data.

    Returns:
        The new text.

    Raises:
        ConfigError: The text is not JSON5, the path is not valid or leads through something that
            is neither object nor list, an index is past the end, or the value is not JSON data.
    """
    steps = _steps(path)
    value, wrong = plain_data(value, steps)
    if wrong:
        msg = f"Value {wrong[0][1]}"
        raise ConfigError(msg)
    return _set(text, steps, value)


def replace_values(text: str, values: Iterable[tuple[Path, Any]]) -> str:
    """Replace existing values, all at once; missing ones are not set.

    Args:
        text: A JSON5 document.
        values: Plain JSON data with their paths, of which none leads through another.

    Values that are not JSON data are left for `set_value` to refuse.

    Raises:
        ConfigError: The text is not JSON5.
    """
    tree = _parse(text)
    edits: list[tuple[int, int, str]] = []
    for steps, value in values:
        place = _find(tree, steps)
        plain, wrong = plain_data(value, steps)
        if place is not None and not wrong:
            edits += _replacements(place, plain)
    return splice(text, edits) if edits else text


def unset_value(text: str, path: str | Sequence[Step]) -> str:
    """Remove the value at a path; where there is none, the text is not changed.

    Comments inside the value are removed too, all others are kept.

    Args:
        text: A JSON5 document.
        path: The path, as text or as steps. The elements after a removed one move up.

    Returns:
        The new text.

    Raises:
        ConfigError: The text is not JSON5, or the path is not valid.
    """
    return _unset(text, _steps(path), keep_comments=False)


def _set(text: str, steps: Path, value: Any) -> str:
    tree = _parse(text)
    if tree.root is None:
        return _first_object(tree, steps, value)
    node: Node = tree.root
    around: list[Array | Object] = []
    items: list[Element] = []
    for depth, step in enumerate(steps):
        if isinstance(node, Scalar):
            if node.value is None and items:
                place = Place(tree, tuple(around), tuple(items))
                return splice(text, [replacement(place, _nested(steps, depth, value))])
            raise _no_container(steps, depth, node)
        _check_index(node, steps, depth)
        around.append(node)
        item = node.find(step)
        if item is None:
            key = None if isinstance(node, Array) else str(step)
            place = Place(tree, tuple(around), tuple(items))
            return add_item(place, key, _nested(steps, depth + 1, value))
        items.append(item)
        node = item.node
    return _change(Place(tree, tuple(around), tuple(items)), steps, value)


def _change(place: Place, steps: Path, value: Any) -> str:
    """Give the item at the place another value, part by part where that is possible."""
    node = place.items[-1].node
    # What is there already gets its new values at once; the rest is added and removed one by one.
    text = splice(place.tree.text, _replacements(place, value))
    if isinstance(node, Object) and isinstance(value, dict):
        for key, item in value.items():
            text = _set(text, (*steps, key), item)
        gone: Iterable[Step] = [key for key in value_of(node) if key not in value]
    elif isinstance(node, Array) and isinstance(value, list):
        for index, item in enumerate(value):
            text = _set(text, (*steps, index), item)
        gone = reversed(range(len(value), len(node.items)))
    else:
        return text
    for step in gone:
        text = _unset(text, (*steps, step), keep_comments=True)
    return text


def _replacements(place: Place, value: Any) -> Iterator[tuple[int, int, str]]:
    """The splices that give the existing parts of a value their new values."""
    node = place.items[-1].node
    if _same(value_of(node), value):
        return
    pairs: Iterable[tuple[Step, Any]]
    if isinstance(node, Object) and isinstance(value, dict):
        pairs = value.items()
    elif isinstance(node, Array) and isinstance(value, list):
        pairs = enumerate(value)
    else:
        yield replacement(place, value)
        return
    for step, item in pairs:
        inner = node.find(step)
        if inner is not None:
            inside = Place(place.tree, (*place.around, node), (*place.items, inner))
            yield from _replacements(inside, item)


def _unset(text: str, steps: Path, *, keep_comments: bool) -> str:
    # An object may hold a key more than once; all of them have to go.
    while place := _find(_parse(text), steps):
        text = remove_item(place, keep_comments=keep_comments)
        if isinstance(place.container, Array):
            break
    return text


def _find(tree: Tree, steps: Path) -> Place | None:
    node = tree.root
    around: list[Array | Object] = []
    items: list[Element] = []
    for step in steps:
        item = None if node is None or isinstance(node, Scalar) else node.find(step)
        if item is None or node is None or isinstance(node, Scalar):
            return None
        around.append(node)
        items.append(item)
        node = item.node
    return Place(tree, tuple(around), tuple(items))


def _first_object(tree: Tree, steps: Path, value: Any) -> str:
    """Write the object that a document without any value begins with, in the style of JSON5."""
    text = tree.text
    style = Style(newline="\r\n" if "\r\n" in text else "\n", key_quote="")
    if not tree.comments:
        text = "\ufeff" if text.startswith("\ufeff") else ""
    elif not text.endswith(("\n", "\r")):
        text += style.newline
    document = {str(steps[0]): _nested(steps, 1, value)}
    return text + style.write(document, "") + style.newline


def _nested(steps: Path, depth: int, value: Any) -> Any:
    """Wrap a value into the objects and lists that the steps from `depth` on require."""
    for at in reversed(range(depth, len(steps))):
        step = steps[at]
        if isinstance(step, int):
            if step != 0:
                raise _past_the_end(steps, at, 0)
            value = [value]
        else:
            value = {step: value}
    return value


def _check_index(node: Array | Object, steps: Path, depth: int) -> None:
    if isinstance(node, Object):
        return
    index = list_index(steps[depth])
    if index is None:
        msg = (
            f'Expected an index of the array "{format_path(steps[:depth])}", found "{steps[depth]}"'
        )
        raise ConfigError(msg)
    if index > len(node.items):
        raise _past_the_end(steps, depth, len(node.items))


def _past_the_end(steps: Path, depth: int, length: int) -> ConfigError:
    return ConfigError(
        f'Cannot set array index {steps[depth]}; array "{format_path(steps[:depth])}" has {length} '
        f"element(s). Use index {length} to append or a lower index to update."
    )


def _no_container(steps: Path, depth: int, node: Scalar) -> ConfigError:
    kind = {bool: "true or false", str: "a string", type(None): "null"}.get(
        type(node.value), "a number"
    )
    parent = f'"{format_path(steps[:depth])}"' if depth else "the document"
    return ConfigError(
        f'Cannot set "{format_path(steps)}": {parent} is {kind}, not an object or an array.',
        hint=f"Set {parent} itself to replace it." if depth else None,
    )


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: unlike in Python, `true` is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _steps(path: str | Sequence[Step]) -> Path:
    steps = parse_path(path) if isinstance(path, str) else tuple(path)
    if not steps:
        msg = "Invalid path (empty segment)"
        raise ConfigError(msg)
    return steps


def _parse(text: str) -> Tree:
    try:
        return parse(text)
    except SyntaxMistake as mistake:
        problem = Problem("", f"column {mistake.column}: {mistake.message}", mistake.line)
        msg = "The configuration is not valid JSON5."
        raise ConfigError(msg, problems=[problem]) from mistake
