"""Words of other command lines, and what is called differently here."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

__all__ = ["OURS", "suggested_command"]

OURS = {
    "agent": 'modelwire complete --tools FILE "..."',
    "ask": 'modelwire complete "..."',
    "auth": "modelwire setup",
    "configure": "modelwire setup",
    "dashboard": "modelwire serve",
    "default": "modelwire models set REF",
    "embed-models": "modelwire models list",
    "embed-multi": "modelwire embed < FILE",
    "gateway": "modelwire serve",
    "generate": 'modelwire complete "..."',
    "health": "modelwire doctor",
    "help": "modelwire --help",
    "history": "modelwire logs",
    "init": "modelwire setup",
    "install": "pip install PACKAGE",
    "key": "modelwire setup",
    "keys": "modelwire setup",
    "list": "modelwire models list",
    "log": "modelwire logs",
    "login": "modelwire setup",
    "onboard": "modelwire setup",
    "prompt": 'modelwire complete "..."',
    "repl": "modelwire chat",
    "run": 'modelwire complete "..."',
    "schemas": 'modelwire complete --schema FILE "..."',
    "sessions": "modelwire chat --resume",
    "status": "modelwire models status",
    "tools": 'modelwire complete --tools FILE "..."',
    "tui": "modelwire chat",
    "uninstall": "pip uninstall PACKAGE",
    "usage": "modelwire logs usage",
    "version": "modelwire --version",
    "aliases": "modelwire models aliases",
    "fallbacks": "modelwire models fallbacks",
}


def suggested_command(words: Sequence[str], near: Sequence[str]) -> str:
    """The command to run in place of an unknown one.

    Args:
        words: What was typed.
        near: The commands with a similar name.
    """
    if words[0] in OURS:
        return f" Run: {OURS[words[0]]}"
    if near:
        return f" Did you mean {' or '.join(near)}?"
    return f" To ask a model: modelwire complete {shlex.quote(' '.join(words))}"
