"""Objects that own connections: base classes that close them, and that copies share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Self

__all__ = ["AsyncClosable", "Closable", "SharedByCopies"]


class Closable(ABC):
    """An object that a `with` statement closes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Close it."""


class AsyncClosable(ABC):
    """An object that an `async with` statement closes."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    @abstractmethod
    async def aclose(self) -> None:
        """Close it."""


class SharedByCopies:
    """An object that copies of its owner share, since its connections cannot be copied."""

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        name = type(self).__name__
        msg = f"A {name} cannot be pickled; give config, and each process makes its own {name}."
        raise TypeError(msg)
