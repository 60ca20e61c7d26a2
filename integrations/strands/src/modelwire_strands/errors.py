"""Errors of modelwire, as those of Strands that its agents act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException

from modelwire.errors import ContextOverflow, Overloaded, RateLimited

__all__ = ["translate_errors"]


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise what an agent waits for or shortens the conversation for as Strands' own, caused by ours.

    Strands has no types for other failures; they stay those of modelwire.

    Raises:
        ModelThrottledException: The provider allows no more requests now.
        ContextWindowOverflowException: The conversation does not fit into the context window.
    """
    try:
        yield
    except (Overloaded, RateLimited) as error:
        raise ModelThrottledException(str(error)) from error
    except ContextOverflow as error:
        raise ContextWindowOverflowException(str(error)) from error
