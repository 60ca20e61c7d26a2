"""Names and ids of tools: legal for the provider, and unique.

`[a-zA-Z0-9_-]{1,64}` is the narrowest form that services require of tool names, in their service
models and in their refusals. For the ids of calls some now allow more; the narrow form is legal
everywhere.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from attrs import define, field

from modelwire.messages import AssistantMessage, Context, ToolCall, ToolResultMessage
from modelwire.repair.changes import Changes

__all__ = ["LONGEST", "ToolNames", "UniqueIds", "legal_name", "names_in", "shortened"]

LONGEST = 64
_ILLEGAL = re.compile(r"[^a-zA-Z0-9_-]")


def legal_name(name: str, *, salt: str = "", longest: int = LONGEST) -> str:
    """Make a name legal; an illegal one gets a suffix derived from the whole, to avoid collisions.

    The same name always gives the same result, so that a cached prompt stays valid.

    Args:
        name: The name.
        salt: A text that distinguishes two things of the same name.
        longest: The maximum length of the result.
    """
    if not salt and 0 < len(name) <= longest and _ILLEGAL.search(name) is None:
        return name
    # Lone surrogates are not UTF-8, but must still distinguish names.
    whole = f"{name}\0{salt}".encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(whole).hexdigest()[:10]
    stem = _ILLEGAL.sub("_", name)[: longest - len(digest) - 1] or "tool"
    return f"{stem}_{digest}"


def shortened(text: str, longest: int = LONGEST) -> str:
    """A text, shortened to its beginning and a digest of the whole where it is too long."""
    if len(text) <= longest:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{text[: longest - len(digest) - 1]}_{digest}"


def names_in(context: Context) -> list[str]:
    """The name of every tool that a context offers or mentions."""
    names = [tool.name for tool in context.tools]
    for message in context.messages:
        if isinstance(message, AssistantMessage):
            for block in message.content:
                if isinstance(block, ToolCall):
                    names.append(block.name)  # noqa: PERF401 - a list for each message takes longer
        elif isinstance(message, ToolResultMessage):
            names.append(message.tool_name)
    return names


@define
class ToolNames:
    """A reversible map between the names of tools and those on the wire."""

    _wire: dict[str, str] = field(factory=dict, init=False)
    _original: dict[str, str] = field(factory=dict, init=False)

    @classmethod
    def of(cls, names: Iterable[str]) -> ToolNames:
        """Name every tool; legal names come first and are kept."""
        made = cls()
        for name in sorted(set(names), key=lambda name: (legal_name(name) != name, name)):
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
        """The name on the wire of a tool that this map was made with."""
        return self._wire[name]

    def sent(self, name: str, path: str, changes: Changes) -> str:
        """The name on the wire, as `wire` returns it; a difference is recorded.

        Args:
            name: The tool's own name.
            path: The place of the tool or of the call, such as `tools[1]`.
            changes: The record of changes.
        """
        wire = self.wire(name)
        if wire != name:
            reason = f"A tool's name is letters, digits, _ and -, at most {LONGEST}."
            changes.rewritten(f"{path}.name", reason)
        return wire

    @property
    def rewritten(self) -> dict[str, str]:
        """Names on the wire that differ from the tools' own, and those."""
        return {wire: name for wire, name in self._original.items() if wire != name}


@define
class UniqueIds:
    """Gives each tool call an id on the wire that no other call of the conversation has."""

    _used: set[str] = field(factory=set, init=False)
    _seen: dict[str, int] = field(factory=dict, init=False)

    def new(self, original: str, *, keep: bool = False) -> str:
        """The id on the wire for the next call with this original id.

        Some providers count their ids from the start in each answer, so the same one may come again.

        Args:
            original: The id of the call.
            keep: Whether an id with other characters may be sent unchanged, if it is not too long:
                the provider made it, and accepts it.
        """
        times = self._seen.get(original, 0)
        wire = original if keep and not times and 0 < len(original) <= LONGEST else ""
        wire = wire or legal_name(original, salt=str(times) if times else "")
        while wire in self._used:
            times += 1
            wire = legal_name(original, salt=str(times))
        self._seen[original] = times + 1
        self._used.add(wire)
        return wire
