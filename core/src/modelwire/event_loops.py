"""The event loop that asynchronous code needs: asyncio's."""

from __future__ import annotations

import sys

__all__ = ["has_event_loop", "require_event_loop"]

_MISSING = (
    "modelwire needs an event loop of asyncio, and none is running in this thread. Under trio, use a "
    "SyncRuntime in a thread, as in `await trio.to_thread.run_sync(runtime.complete, prompt)`, or trio-asyncio."
)


def has_event_loop() -> bool:
    """Whether an event loop of asyncio is running in this thread."""
    asyncio = sys.modules.get("asyncio")  # a program whose loop is running has imported it
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def require_event_loop() -> None:
    """Raise an error unless an event loop of asyncio is running.

    Raises:
        RuntimeError: There is none in this thread, such as under trio; the message gives the
            remedy.
    """
    asyncio = sys.modules.get("asyncio")  # each request asks, so that no call is spent on it
    try:
        running = asyncio is not None and asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if not running:
        raise RuntimeError(_MISSING)
