"""Groups of models: one name, and several models behind it by weight."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from attrs import field, frozen, validators

from modelwire.errors import (
    AccessDenied,
    AuthenticationError,
    BillingError,
    ConnectionFailed,
    MalformedResponse,
    NotFound,
    Overloaded,
    ProviderError,
    RateLimited,
    RequestTimeout,
    ServerError,
    StreamTruncated,
)
from modelwire_gateway.access.counters import Counters, CountersUnavailable

__all__ = ["GroupMember", "Groups", "is_of_the_model"]

_log = logging.getLogger("modelwire.gateway")

_FIRST_SECONDS: Final = 5.0
_MOST_SECONDS: Final = 300.0
_OF_THE_MODEL: Final = (
    AccessDenied,
    AuthenticationError,
    BillingError,
    ConnectionFailed,
    MalformedResponse,
    NotFound,
    Overloaded,
    RateLimited,
    RequestTimeout,
    ServerError,
    StreamTruncated,
)


@frozen
class GroupMember:
    """A model of a group.

    Attributes:
        model: Its reference, or an alias.
        weight: Its share of the requests, in relation to the weights of the others.
    """

    model: str = field(validator=validators.min_len(1))
    weight: float = field(default=1.0, validator=validators.gt(0))


def is_of_the_model(error: Exception) -> bool:
    """Whether a failure says something of the model, so that another may answer the same request."""
    return isinstance(error, _OF_THE_MODEL)


class Groups:
    """Chooses among the models of a group.

    A model that failed is not chosen for a while: 5 seconds after a first failure, twice as long after
    each further one, 5 minutes at most, or as long as its provider demands. Where all models of a
    group have failed, all are tried. With shared counters, replicas share their failures.

    Args:
        groups: The models of each group, by its name.
        counters: Where it is noted which models are left out.
        draw: A random number from 0 to 1.

    Attributes:
        names: The names of the groups.
    """

    def __init__(
        self,
        groups: Mapping[str, Sequence[GroupMember]],
        counters: Counters,
        *,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._groups = groups
        self.names = frozenset(groups)
        self._counters = counters
        self._draw = draw
        self._failures: dict[str, int] = {}

    def models(self, name: str) -> tuple[str, ...]:
        """The models of a group, as they are written."""
        return tuple(member.model for member in self._groups.get(name, ()))

    async def order(self, name: str) -> list[str]:
        """The models of a group in the order in which they are tried, drawn by weight."""
        members = self._groups[name]
        left_out = await self._left_out(name)
        # Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006.
        drawn = {member.model: self._draw() ** (1 / member.weight) for member in members}
        return sorted(drawn, key=lambda model: (model not in left_out, drawn[model]), reverse=True)

    async def failed(self, model: str, error: ProviderError) -> None:
        """Leave a model out for a while, if the failure is its own."""
        if not is_of_the_model(error):
            return
        failures = self._failures[model] = self._failures.get(model, 0) + 1
        seconds = min(_MOST_SECONDS, _FIRST_SECONDS * 2 ** (min(failures, 10) - 1))
        retry_after = getattr(error, "retry_after", None)
        seconds = max(seconds, min(retry_after or 0.0, _MOST_SECONDS))
        _log.warning("%s is left out of its group for %.0f s: %s.", model, seconds, error.code)
        try:
            await self._counters.cool_down(model, seconds)
        except CountersUnavailable:
            _log.warning("The other replicas cannot be notified.")

    def answered(self, model: str) -> None:
        """Forget the failures of a model that has answered."""
        self._failures.pop(model, None)

    async def _left_out(self, name: str) -> frozenset[str]:
        try:
            return await self._counters.cooling(self.models(name))
        except CountersUnavailable:
            return frozenset()
