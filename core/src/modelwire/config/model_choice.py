"""The choice of models in a document: the primary one, its fallbacks and the aliases.

Text in, text out, as in `editing`. `agents.defaults.model` may be written as one string, or as an
object of a primary model and fallbacks; its form is kept as long as it can hold the new
value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelwire.document import Path, format_path, read_value, set_value, unset_value, value_at
from modelwire.models import ModelRef

__all__ = [
    "DEFAULT_CHOICE",
    "overriding_agents",
    "references_in",
    "set_alias",
    "set_fallbacks",
    "set_primary",
    "unset_alias",
    "written_fallbacks",
]

DEFAULT_CHOICE: Path = ("agents", "defaults", "model")
"""The path of the default choice."""

_ENTRIES: Path = ("agents", "defaults", "models")


def set_primary(text: str, ref: str) -> str:
    """Make a model the default one. The fallbacks are not changed.

    Args:
        text: A JSON5 document.
        ref: A reference or an alias.

    Returns:
        The new text.

    Raises:
        ConfigError: The text is not JSON5, or it cannot hold a model, as where `agents` is a
            list.
    """
    shorthand = isinstance(read_value(text, DEFAULT_CHOICE), str)
    return set_value(text, DEFAULT_CHOICE if shorthand else (*DEFAULT_CHOICE, "primary"), ref)


def written_fallbacks(text: str) -> list[str]:
    """Read the fallbacks as they are written, with placeholders such as `${VAR}` unreplaced.

    Raises:
        ConfigError: The text is not JSON5.
    """
    written = read_value(text, (*DEFAULT_CHOICE, "fallbacks"))
    return [ref for ref in written if isinstance(ref, str)] if isinstance(written, list) else []


def set_fallbacks(text: str, refs: Sequence[str]) -> str:
    """Set the models to try, in this order, when the default one fails.

    The comments of remaining fallbacks are kept beside them. A document without fallbacks that
    gets none is not changed.

    Args:
        text: A JSON5 document.
        refs: References or aliases.

    Returns:
        The new text.

    Raises:
        ConfigError: As for `set_primary`.
    """
    written = read_value(text, DEFAULT_CHOICE)
    path = (*DEFAULT_CHOICE, "fallbacks")
    current = written.get("fallbacks") if isinstance(written, Mapping) else None
    if not refs and not current:
        return text
    if isinstance(written, str):
        return set_value(text, DEFAULT_CHOICE, {"primary": written, "fallbacks": list(refs)})
    written_refs = list(enumerate(current)) if isinstance(current, list) else []
    for index, ref in reversed(written_refs):
        if ref not in refs:
            text = unset_value(text, (*path, index))
    return set_value(text, path, list(refs))


def set_alias(text: str, ref: str, alias: str) -> str:
    """Give a model a short name, replacing an existing one.

    Args:
        text: A JSON5 document.
        ref: The model, as `provider/model-id`. Where the document has settings for it under a
            provider's name in another case, the alias is added to these.
        alias: The short name.

    Returns:
        The new text.

    Raises:
        ConfigError: As for `set_primary`.
    """
    return set_value(text, (*_ENTRIES, _written_key(text, ref), "alias"), alias)


def unset_alias(text: str, alias: str) -> str:
    """Remove a short name; case does not matter. The other settings of its model are kept.

    Args:
        text: A JSON5 document.
        alias: The short name. Where several models have it, all of them lose it.

    Returns:
        The new text; the same one, where no model has this name.

    Raises:
        ConfigError: The text is not JSON5.
    """
    wanted = alias.strip().casefold()
    for key, entry in _entries(text).items():
        found = entry.get("alias") if isinstance(entry, Mapping) else None
        if isinstance(found, str) and found.strip().casefold() == wanted:
            text = unset_value(text, (*_ENTRIES, key, "alias"))
    return text


def overriding_agents(document: Mapping[str, Any]) -> list[str]:
    """Find the agents with a primary model of their own, which a new default does not affect.

    Args:
        document: The configuration as plain data, like `Config.document`.

    Returns:
        The path of each such model, e.g. `agents.list[2].model` or `agents.entries.writer.model`.
    """
    agents = document.get("agents")
    places = _agents(agents) if isinstance(agents, Mapping) else ()
    return [
        format_path((*place, "model"))
        for place, agent in places
        if _names_primary(agent.get("model"))
    ]


def _agents(agents: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    listed, named = agents.get("list"), agents.get("entries")
    for index, agent in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(agent, Mapping):
            yield ("agents", "list", index), agent
    for name, agent in named.items() if isinstance(named, Mapping) else ():
        if isinstance(agent, Mapping):
            yield ("agents", "entries", name), agent


def _names_primary(choice: object) -> bool:
    primary = choice.get("primary") if isinstance(choice, Mapping) else choice
    return isinstance(primary, str) and bool(primary.strip())


def _entries(text: str) -> Mapping[str, Any]:
    entries = read_value(text, _ENTRIES)
    return entries if isinstance(entries, Mapping) else {}


def _written_key(text: str, ref: str) -> str:
    wanted = ModelRef.parse(ref)
    keys = _entries(text)
    if ref in keys or wanted is None:
        return ref
    return next((key for key in keys if ModelRef.parse(key) == wanted), ref)


def references_in(document: Any) -> Iterator[tuple[Path, str]]:
    """Find every place of a document that names a model, with the reference there."""
    yield from _references_of(document, DEFAULT_CHOICE)
    for place in ("list", "entries"):
        agents = value_at(document, ("agents", place))
        names: Any = ()
        if isinstance(agents, Mapping):
            names = agents
        elif isinstance(agents, list):
            names = range(len(agents))
        for name in names:
            yield from _references_of(document, ("agents", place, name, "model"))


def _references_of(document: Any, path: Path) -> Iterator[tuple[Path, str]]:
    choice = value_at(document, path)
    if isinstance(choice, str):
        yield path, choice
    if isinstance(choice, Mapping):
        if isinstance(choice.get("primary"), str):
            yield (*path, "primary"), choice["primary"]
        fallbacks = choice.get("fallbacks")
        for at, name in enumerate(fallbacks if isinstance(fallbacks, list) else ()):
            if isinstance(name, str):
                yield (*path, "fallbacks", at), name
