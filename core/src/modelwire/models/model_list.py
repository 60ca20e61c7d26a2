"""A list of models that may lack some, and says why."""

from __future__ import annotations

from collections.abc import Iterable

from modelwire.models.model import Model

__all__ = ["ModelList"]


class ModelList(tuple[Model, ...]):
    """The models that a provider offers, as a tuple, and what may be missing.

    Two lists are equal if their models are.

    Args:
        models: The models.
        incomplete: Why models may be missing, one sentence for each reason, for people to read and
            without secrets. A list without reasons is complete.

    Raises:
        TypeError: A reason is not a text, or is empty.

    Attributes:
        incomplete: The reasons.
    """

    incomplete: tuple[str, ...]

    def __new__(
        cls, models: Iterable[Model] = (), incomplete: str | Iterable[str] = ()
    ) -> ModelList:
        """Make the tuple, with the reasons beside it."""
        reasons = (incomplete,) if isinstance(incomplete, str) else tuple(incomplete)
        given: tuple[object, ...] = reasons
        if not all(isinstance(reason, str) and reason.strip() for reason in given):
            msg = f"Each reason of an incomplete list must be a text that is not empty: {reasons!r}"
            raise TypeError(msg)
        made = super().__new__(cls, models)
        made.incomplete = reasons
        return made
