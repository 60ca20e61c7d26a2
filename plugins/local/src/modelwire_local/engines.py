"""The loaded models of this process."""

from __future__ import annotations

import atexit
import os
import threading

from modelwire.errors import PluginError
from modelwire_local.engine import Engine
from modelwire_local.settings import EngineSettings

__all__ = ["engine_for"]

_engines: dict[EngineSettings, Engine] = {}
_lock = threading.Lock()
_lost_in_fork = False


def engine_for(settings: EngineSettings) -> Engine:
    """The engine with these settings; it is made at the first call and then kept.

    Raises:
        PluginError: This process was forked from one that had loaded a model.
    """
    if _lost_in_fork:
        msg = "The engine does not survive a fork: it was loaded before this process was forked."
        hint = (
            'Start processes with multiprocessing\'s method "spawn", or fork before the first use.'
        )
        raise PluginError(msg, hint=hint)
    with _lock:
        engine = _engines.get(settings)
        if engine is None:
            engine = _engines[settings] = Engine(settings)
        return engine


def _close_all() -> None:
    # Without this the interpreter dies with a segmentation fault when it ends in the middle of an
    # answer: the engine's thread would come back into an interpreter that is gone.
    engines = list(_engines.values())
    _engines.clear()
    for engine in engines:
        engine.close()
    for engine in engines:
        engine.join()


def _forget_all() -> None:
    # The engine's native threads do not exist in the child, and its library would wait for them for
    # ever, also when it is asked to load anew. A child of a process without a model is free to.
    global _lock, _lost_in_fork  # noqa: PLW0603 - the lock may be held by a thread that is gone
    _lock = threading.Lock()
    _lost_in_fork = _lost_in_fork or bool(_engines)
    _engines.clear()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
