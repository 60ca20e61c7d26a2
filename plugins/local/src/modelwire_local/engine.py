"""Engines: loaded models, each with the thread that it computes in."""

from __future__ import annotations

import atexit
import os
import queue
import threading
from typing import Any

from modelwire.errors import ModelwireError, PluginError, ServerError
from modelwire_local.errors import error_from_exception
from modelwire_local.generation import Job
from modelwire_local.load import LoadedModel, load_model
from modelwire_local.settings import EngineSettings
from modelwire_local.template import ChatTemplate

__all__ = ["Engine", "engine_for"]


class Engine:
    """One model, loaded at the first job and kept, doing one job after another.

    Jobs queue: on one thread, two answers at a time would each come at half the speed. All that
    touches the engine happens in one thread of its own, so no event loop waits for an answer. The
    engine does hold the interpreter's lock while it loads a file, about half a second for the
    embedded one; everything else in the process pauses for that long, once.

    Args:
        settings: What to load and how.

    Attributes:
        template: What the model's chat template renders, or `None` until it has been inspected.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.template: ChatTemplate | None = None
        self._waiting: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self._current: Job[Any] | None = None
        self._closed = False
        # A daemon, so that a program that ends in the middle of an answer is not kept waiting for
        # the rest of it; `close` stops the answer first.
        self._thread = threading.Thread(target=self._run, name="modelwire-local", daemon=True)
        self._thread.start()

    def submit(self, job: Job[Any]) -> None:
        """Queue a job, which gets the results.

        Raises:
            ServerError: The interpreter is shutting down.
        """
        if self._closed:
            msg = "The engine is closed, since the program is about to end."
            raise ServerError(msg, retryable=False)
        self._waiting.put(job)

    def close(self) -> None:
        """Stop the running job, drop the waiting ones, and release the model."""
        self._closed = True
        current = self._current
        if current is not None:
            current.stop()
        self._waiting.put(None)

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    def _run(self) -> None:
        # The model is held by this frame alone. It must be let go in this thread and in this
        # process: in a fork its native threads do not exist, and letting go would wait for them.
        model: LoadedModel | None = None
        while (job := self._waiting.get()) is not None:
            self._current = job
            try:
                if not (job.stopped or self._closed):
                    model = model or load_model(self.settings)
                    job.run(model)
                job.end()
            except ModelwireError as error:
                job.end(error)
            except Exception as error:  # noqa: BLE001 - the thread must outlive any job
                failure = error_from_exception(error, provider=job.provider, model=job.model)
                failure.__cause__ = error
                job.end(failure)
            finally:
                self._current = None


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
    # The engine's native threads do not exist in the child, and its library would wait for them
    # without end, also when it loads a model again. A child of a process without a model may load one.
    global _lock, _lost_in_fork  # noqa: PLW0603 - the lock may be held by a thread that is gone
    _lock = threading.Lock()
    _lost_in_fork = _lost_in_fork or bool(_engines)
    _engines.clear()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
