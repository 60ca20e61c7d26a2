"""A loaded model and the thread that it computes in."""

from __future__ import annotations

import queue
import threading

from modelwire.errors import ModelwireError, ServerError
from modelwire_local.failures import error_from_exception
from modelwire_local.generation import Generation
from modelwire_local.loading import Server, load_server
from modelwire_local.settings import EngineSettings

__all__ = ["Engine"]


class Engine:
    """One model, loaded at the first request and kept, answering one request after another.

    Requests queue: on one thread, two answers at a time would each come at half the speed. All that
    touches the engine happens in one thread of its own, so no event loop waits for an answer. The
    engine does hold the interpreter's lock while it loads a file, about half a second for the
    embedded one; everything else in the process pauses for that long, once.

    Args:
        settings: What to load and how.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self._waiting: queue.SimpleQueue[Generation | None] = queue.SimpleQueue()
        self._current: Generation | None = None
        self._closed = False
        # A daemon, so that a program that ends in the middle of an answer is not kept waiting for
        # the rest of it; `close` stops the answer first.
        self._thread = threading.Thread(target=self._run, name="modelwire-local", daemon=True)
        self._thread.start()

    def submit(self, generation: Generation) -> None:
        """Queue a request; its chunks arrive at the generation.

        Raises:
            ServerError: The interpreter is shutting down.
        """
        if self._closed:
            msg = "The engine is closed, since the program is about to end."
            raise ServerError(msg, retryable=False)
        self._waiting.put(generation)

    def close(self) -> None:
        """Stop the answer that is being made, forget those that wait, and let the model go."""
        self._closed = True
        current = self._current
        if current is not None:
            current.stop()
        self._waiting.put(None)

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    def _run(self) -> None:
        # The server is held by this frame alone. It must be let go in this thread and in this
        # process: in a fork its native threads do not exist, and letting go would wait for them.
        server: Server | None = None
        while (generation := self._waiting.get()) is not None:
            self._current = generation
            try:
                if not (generation.stopped or self._closed):
                    server = server or load_server(self.settings)
                    self._answer(server, generation)
                generation.end()
            except ModelwireError as error:
                generation.end(error)
            except Exception as error:  # noqa: BLE001 - the thread must outlive any request
                failure = error_from_exception(
                    error, provider=generation.provider, model=generation.model
                )
                failure.__cause__ = error
                generation.end(failure)
            finally:
                self._current = None

    def _answer(self, server: Server, generation: Generation) -> None:
        server.handle_chat_completions(generation.request, generation.deliver)
