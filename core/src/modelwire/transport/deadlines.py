"""How long to wait for what."""

from __future__ import annotations

from attrs import frozen

__all__ = ["Deadlines"]


@frozen
class Deadlines:
    """Limits on waiting, in seconds; `None` means no limit.

    Only waiting counts: the time that a slow consumer spends between two reads is its own. Each
    limit that passes raises a `RequestTimeout` whose `phase` is the attribute's name.

    Attributes:
        connect: Until the connection stands: name resolution, TCP, a proxy's CONNECT and TLS.
            Waiting for a free connection of a limited pool does not count.
        first_byte: From the connection standing to the first byte of the response's body. Sending
            the request is part of it, so a server that stops reading it is noticed too.
        first_event: From asking a model to the first event of its answer, its tries and the waits
            between them together; for each fallback anew. Bytes that make no event do not count.
            The runtime sees to it, whatever the plugin does; a `Transport` alone does not.
        idle: Between two reads of the body.
        total: For the whole answer, from the call to the end of the body. The runtime counts
            retries and fallbacks into it.
    """

    connect: float | None = 10.0
    first_byte: float | None = 300.0
    first_event: float | None = None
    idle: float | None = 300.0
    total: float | None = None
