"""How long to wait for what."""

from __future__ import annotations

from attrs import frozen

__all__ = ["Deadlines"]


@frozen
class Deadlines:
    """Limits on waiting, in seconds; `None` means no limit.

    Attributes:
        connect: Until the connection stands, TLS included.
        first_byte: From the request sent to the first byte of the response's body.
        idle: Between two reads of the body.
        total: For the whole answer, retries and fallbacks included.
    """

    connect: float | None = 10.0
    first_byte: float | None = 300.0
    idle: float | None = 300.0
    total: float | None = None
