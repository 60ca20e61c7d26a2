"""Observation of operations: middleware that watches them from beginning to end."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import ExitStack, aclosing, contextmanager
from typing import TYPE_CHECKING, TypeVar

from modelwire.authoring import SingleFlight
from modelwire.config import Config
from modelwire.errors import Attempt, ModelwireError
from modelwire.forks import importing
from modelwire.hookspecs import BeginObserver, Observer, Operation, OperationOutcome
from modelwire.registry import Registry
from modelwire.registry.loader import observers_in, where

if TYPE_CHECKING:
    from modelwire.runtime.runtime import Runtime

__all__ = ["Observation", "Observers", "begin", "observed"]

T = TypeVar("T")
_LOG = logging.getLogger("modelwire")


class Observers:
    """The observers of a runtime's operations.

    Args:
        registry: The plugins.
        config: The configuration, for them.
    """

    def __init__(self, registry: Registry, config: Config) -> None:
        self._registry = registry
        self._config = config
        self._begin: Sequence[BeginObserver] | None = None
        self._loading: SingleFlight[Sequence[BeginObserver]] = SingleFlight("modelwire-observe")

    @property
    def any(self) -> bool:
        """Whether an installed plugin may watch operations."""
        if self._begin is None:
            if self._registry.middleware_names:
                return True
            # What is installed is not looked at once more with each operation.
            self._begin = ()
        return bool(self._begin)

    async def begin(self, operation: Operation) -> Observation | None:
        """Begin to watch an operation; `None` where nothing watches it.

        Raises:
            ModelwireError: Middleware rejects its settings.
        """
        if not self.any:
            return None
        if self._begin is None:
            self._begin = await self._loading.run(None, self._load)
        observers = []
        for begins in self._begin:
            try:
                observer = begins(operation)
            except Exception as error:  # noqa: BLE001 - what watches must not break what it watches
                _report(begins, error)
            else:
                if observer is not None:
                    observers.append(observer)
        return Observation(observers) if observers else None

    def _load(self) -> Sequence[BeginObserver]:
        with importing():
            hooks = observers_in(self._registry.middleware)
            if hooks is None:
                return ()
            try:
                listed: Sequence[BeginObserver] = hooks.observe_operations(config=self._config)
            except ModelwireError:
                raise
            except Exception as error:  # noqa: BLE001 - as above
                _report(hooks, error)
                return ()
            return listed


class Observation:
    """The observers of one operation; one that raises is not called again.

    Args:
        observers: The observers.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = list(observers)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """The context of the operation's own work, as set up by all observers."""
        with ExitStack() as stack:
            self._each(lambda observer: stack.enter_context(observer.entered()))
            yield

    def failed(self, attempt: Attempt) -> None:
        """Record a failed try that is followed by another one."""
        self._each(lambda observer: observer.failed(attempt))

    def ended(self, outcome: OperationOutcome) -> None:
        """Record the end."""
        self._each(lambda observer: observer.ended(outcome))
        self._observers.clear()

    def _each(self, call: Callable[[Observer], object]) -> None:
        for observer in tuple(self._observers):
            try:
                call(observer)
            except Exception as error:  # noqa: BLE001 - as above
                self._observers.remove(observer)
                _report(observer, error)


async def begin(runtime: Runtime, operation: Operation) -> Observation | None:
    """Begin to watch an operation of a runtime; `None` where nothing watches it."""
    return await runtime._observers.begin(operation)  # noqa: SLF001 - of the same room


async def observed(
    items: AsyncGenerator[T, None],
    observation: Observation,
    begins_work: Callable[[T], bool] = lambda _: False,
) -> AsyncGenerator[T, None]:
    """Pass items on, and enter the operation while it does work of its own.

    Args:
        items: The items.
        observation: The observers of the operation.
        begins_work: Whether other work may begin after an item; before the first one it does.
    """
    async with aclosing(items):
        entering = True
        while True:
            try:
                if entering:
                    with observation.entered():
                        item = await anext(items)
                else:
                    item = await anext(items)
            except StopAsyncIteration:
                return
            entering = begins_work(item)
            yield item


def _report(culprit: object, error: Exception) -> None:
    """Log the failure without the text of the error, which may hold a secret."""
    name = getattr(culprit, "__module__", type(culprit).__module__)
    _LOG.warning("%s failed while it watched an operation: %s. It is left out.", name, where(error))
