"""Names and ids of tools as the service accepts them: `[a-zA-Z0-9_-]{1,64}`, each its own.

The service's model names the pattern for tool names. For ids it has become wider with time; the
narrow form is legal everywhere.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from attrs import define, field

__all__ = ["ToolIds", "ToolNames", "legal_name"]

LONGEST = 64
_LEGAL = re.compile(rf"[a-zA-Z0-9_-]{{1,{LONGEST}}}")
_ILLEGAL = re.compile(r"[^a-zA-Z0-9_-]")


def legal_name(name: str, *, salt: str = "") -> str:
    """Make a name legal; one that is not gets a suffix made of the whole, so that none collide.

    The same name always gives the same result, so that a cached prompt stays valid.
    """
    if not salt and _LEGAL.fullmatch(name):
        return name
    # Lone surrogates are not UTF-8, but must still tell names apart.
    whole = f"{name}\0{salt}".encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(whole).hexdigest()[:10]
    stem = _ILLEGAL.sub("_", name)[: LONGEST - len(digest) - 1] or "tool"
    return f"{stem}_{digest}"


@define
class ToolNames:
    """A reversible map between the names of tools and those on the wire."""

    _wire: dict[str, str] = field(factory=dict, init=False)
    _original: dict[str, str] = field(factory=dict, init=False)

    @classmethod
    def of(cls, names: Iterable[str]) -> ToolNames:
        """Name every tool; names that are legal as they are come first and keep theirs."""
        made = cls()
        for name in sorted(set(names), key=lambda name: (_LEGAL.fullmatch(name) is None, name)):
            made._name(name)
        return made

    def _name(self, name: str) -> None:
        wire = legal_name(name)
        attempt = 0
        while wire in self._original:
            attempt += 1
            wire = legal_name(name, salt=str(attempt))
        self._wire[name] = wire
        self._original[wire] = name

    def wire(self, name: str) -> str:
        """The name on the wire of a tool that was named when this map was made."""
        return self._wire[name]

    @property
    def rewritten(self) -> dict[str, str]:
        """Names on the wire that differ from the tools' own, and those."""
        return {wire: name for wire, name in self._original.items() if wire != name}


@define
class ToolIds:
    """Gives each tool call an id on the wire that no other call of the conversation has."""

    _used: set[str] = field(factory=set, init=False)
    _seen: dict[str, int] = field(factory=dict, init=False)

    def new(self, original: str) -> str:
        """The id on the wire for the next call that has this id of its own.

        Some providers count their ids anew in each answer, so the same one may come again.
        """
        times = self._seen.get(original, 0)
        wire = legal_name(original, salt=str(times) if times else "")
        while wire in self._used:
            times += 1
            wire = legal_name(original, salt=str(times))
        self._seen[original] = times + 1
        self._used.add(wire)
        return wire
