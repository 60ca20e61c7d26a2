"""The protocol of translators: wire events of one answer in, deltas out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar, TypeVarTuple

from modelwire.errors import ProviderError, StreamTruncated
from modelwire.events import Delta

__all__ = ["Translator", "cut_stream", "until_fault"]

E_contra = TypeVar("E_contra", contravariant=True)
T = TypeVar("T")
Given = TypeVarTuple("Given")


class Translator(Protocol[E_contra]):
    """Translates the wire events of one answer into deltas.

    Every event is given to `feed`, in order, until `ended`; then, or when no more events come, `end`
    is called once. Events of unknown kinds are ignored.
    """

    @property
    def ended(self) -> bool:
        """Whether the answer has come to its end, good or bad; later events are ignored."""

    def feed(self, events: Iterable[E_contra], deltas: list[Delta], /) -> None:
        """Translate events; append the resulting deltas to `deltas`.

        Raises:
            ProviderError: An event reports a failure or breaks the protocol. The deltas of the
                events before it have been appended.
        """

    def end(self) -> None:
        """Check that the answer is complete, and how it ended.

        Raises:
            StreamTruncated: The answer has no end.
            ProviderError: It ended with a failure, such as a refusal.
        """


def until_fault(
    step: Callable[[*Given, list[T]], None], *given: *Given
) -> tuple[list[T], ProviderError | None]:
    """Take a step that appends to a list, and keep the items appended before a fault.

    Args:
        step: Appends the results for `given`, and raises where that fails.
        given: Its arguments before the list.

    Returns:
        The appended items, and the fault to raise after passing them on, or `None`.
    """
    made: list[T] = []
    try:
        step(*given, made)
    except ProviderError as fault:
        return made, fault
    return made, None


def cut_stream() -> StreamTruncated:
    """The error of an answer that ended without a stop reason."""
    return StreamTruncated("The stream ended without a stop reason; the answer is not complete.")
