"""Names of tools: legal for every model, and kept apart between servers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

__all__ = ["server_name", "tool_names"]

_LONGEST = 64
"""Characters of a name that every service takes: letters, digits, `_` and `-`."""

_ILLEGAL = re.compile(r"[^A-Za-z0-9_-]+")
_BETWEEN = "__"
_HASH = 8
_LAUNCHERS = frozenset(
    {"python", "python3", "uv", "uvx", "npx", "node", "deno", "bunx", "pipx", "run"}
)


def server_name(words: Iterable[str]) -> str:
    """A name for a server that has none: of its command line, what is neither a launcher nor an option."""
    parts = [re.split(r"[/\\]", word)[-1] for word in words]
    named = [part for part in parts if part not in _LAUNCHERS and not part.startswith("-")]
    chosen = (named or parts or ["server"])[0]
    stem = re.sub(r"\.(py|js|ts|exe|cmd)$", "", chosen.partition("@")[0] or chosen)
    return _legal(stem) or "server"


def tool_names(server: str, names: Iterable[str]) -> dict[str, str]:
    """The name that a model gets for each tool of a server, by the server's own name for it.

    The server's name comes before the tool's, with `__` between them. What no service takes becomes
    `_`; a name that is too long, or that another tool has then, ends in a part of its hash.

    Args:
        server: The server's name.
        names: Its tools, each once.
    """
    given: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        legal = f"{_legal(server)}{_BETWEEN}{_legal(name)}"
        if len(legal) > _LONGEST or legal in taken:
            digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
            legal = f"{legal[: _LONGEST - _HASH - 1]}_{digest}"
        taken.add(legal)
        given[name] = legal
    return given


def _legal(text: str) -> str:
    return _ILLEGAL.sub("_", text).strip("_") or "_"
