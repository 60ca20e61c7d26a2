"""The command line. It imports nothing heavy until a command needs it.

The parts that commands of plugins use are exported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.cli.event_loop import on_signal
    from modelwire.cli.options import FiniteRange
    from modelwire.cli.output import echo, echo_json
    from modelwire.cli.styled import StyledText, style
    from modelwire.cli.text import printable

__all__ = [
    "FiniteRange",
    "StyledText",
    "echo",
    "echo_json",
    "main",
    "on_signal",
    "printable",
    "style",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "event_loop": ("on_signal",),
        "options": ("FiniteRange",),
        "output": (
            "echo",
            "echo_json",
        ),
        "styled": (
            "StyledText",
            "style",
        ),
        "text": ("printable",),
    },
)


def main() -> NoReturn:
    """Run the command line and exit: 0 done, 1 failed, 2 misused, 130 interrupted."""
    import os
    import signal

    usual = signal.getsignal(signal.SIGINT)

    def leave_at_once() -> None:
        if usual is signal.default_int_handler:
            signal.signal(signal.SIGINT, lambda *_: os._exit(130))

    # Before everything is imported nothing has begun, and after a command nothing is left to stop: a
    # traceback would say no more than where Python was.
    leave_at_once()
    from modelwire.cli.app import main as run

    run(
        lambda: signal.signal(signal.SIGINT, usual) if usual is not None else None,
        leave_at_once,
    )
