"""Changes: the record of the differences between a request and its caller's input."""

from __future__ import annotations

from typing import Literal

from attrs import define, field, frozen

from modelwire.events import Diagnostic

__all__ = ["Change", "ChangeKind", "Changes"]

ChangeKind = Literal["dropped", "rewritten", "added", "merged", "moved", "ignored", "retried"]


@frozen
class Change:
    """A part of a request that is not sent as it was given.

    Attributes:
        kind: What was done: `dropped`, `rewritten`, `added`, `merged`, `moved` or `ignored`; or
            `retried`, where a refused request was sent once more with a change.
        path: The place in the caller's input, e.g. `messages[3].content[0]` or `options.top_p`.
        reason: The reason, in one sentence.
    """

    kind: ChangeKind
    path: str
    reason: str

    def diagnostic(self) -> Diagnostic:
        """The change as a delta, to be yielded before the answer."""
        return Diagnostic(self.kind, {"path": self.path, "reason": self.reason})


@define
class Changes:
    """Collects the changes while a request is built."""

    noted: list[Change] = field(factory=list)

    def note(self, kind: ChangeKind, path: str, reason: str) -> None:
        """Record one change."""
        self.noted.append(Change(kind, path, reason))

    def dropped(self, path: str, reason: str) -> None:
        """Record that a part is not sent."""
        self.note("dropped", path, reason)

    def rewritten(self, path: str, reason: str) -> None:
        """Record that a part is sent in another form."""
        self.note("rewritten", path, reason)

    def added(self, path: str, reason: str) -> None:
        """Record that a part is sent that was not in the conversation."""
        self.note("added", path, reason)
