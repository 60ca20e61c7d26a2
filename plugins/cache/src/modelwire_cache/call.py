"""One call: the recording that answers it, or the file that will."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from modelwire.config import Config
from modelwire.errors import ModelwireError, ProviderError
from modelwire.redaction import HIDDEN, redact
from modelwire_cache.codec import error_to_json, is_of_the_account
from modelwire_cache.difference import Difference, nearest, request_document
from modelwire_cache.display import DisplayedRequest, credentials_in
from modelwire_cache.fingerprint import RecordedRequest, replaced
from modelwire_cache.session import Scope
from modelwire_cache.store import DamagedRecording, Outcome, Recording, RecordingStore

__all__ = ["NoRecording", "RecordedCall"]

_MOST_COMPARED = 1000
_MOST_SHOWN = 20


class NoRecording(ModelwireError):
    """No recording answers a request, and the mode is `replay`.

    Attributes:
        nearest: The recording whose request is the most like it, or `None`.
        differences: The places at which the two differ, in order.
    """

    code = "no_recording"
    nearest: Path | None = None
    differences: tuple[Difference, ...] = ()


class RecordedCall:
    """A call to a model that is replayed or recorded.

    Args:
        request: The request.
        scope: The settings, and what the call is counted in.
        config: The configuration, whose secrets are hidden.

    Attributes:
        request: The request.
        settings: The settings.
    """

    def __init__(self, request: RecordedRequest, scope: Scope, config: Config) -> None:
        self.request = request
        self.settings = scope.settings
        self._scope = scope
        self._config = config
        self._store = RecordingStore(self.settings.directory, warn=not scope.in_test)
        self._number = scope.session.claim(self.settings.directory, request.key)

    async def find(self) -> Recording | None:
        """The recording that answers it; `None` where the model is to be called.

        Raises:
            NoRecording: There is no recording, and the mode is `replay`.
        """
        if self.settings.mode == "record":
            return None
        return await asyncio.to_thread(self._find)

    async def save(
        self,
        outcome: Outcome,
        response: Callable[[], Any],
        error: ProviderError | None = None,
        *,
        leaving: bool = False,
    ) -> str | None:
        """Write what was answered.

        Args:
            outcome: How the answer ended.
            response: Makes JSON data of what was answered; called in a thread.
            error: How it failed, where it did.
            leaving: Whether the reader has left. Then nothing is waited for and all is done in this
                thread: an event loop that ends closes all open generators at the same time, and one
                that waits in its own end cannot be closed by the generator around it.

        Returns:
            Why it could not be written, or `None`.
        """
        if error is not None and is_of_the_account(error):
            self.release()
            return None
        try:
            if leaving:
                self._write(outcome, response, error)
            else:
                await asyncio.to_thread(self._write, outcome, response, error)
        except OSError as failure:
            return failure.strerror or type(failure).__name__
        except (TypeError, ValueError, RecursionError):
            return "It cannot be written as JSON."
        if error is not None and error.retryable:
            self.release()
        return None

    def release(self) -> None:
        """Give the number of this request to the next equal one."""
        self._scope.session.release(self.settings.directory, self.request.key, self._number)

    def recorded_text(self, text: str) -> str:
        """A text of the answer as recorded: without secrets, and with placeholder names."""
        names = {**self._displayed.marks, **self._scope.names}
        return redact(str(replaced(text, names)), self._credentials)

    def replayed_text(self, text: str) -> str:
        """A recorded text of the answer with this run's texts in the place of names and marks."""
        names = self._scope.names
        if HIDDEN[:-1] in text:
            names = {**self._displayed.marks, **names}
        return str(replaced(text, {name: own for own, name in names.items()}))

    def missing(self, why: str) -> NoRecording:
        """The error for a request without a recording."""
        if self._scope.in_test:
            self._scope.session.misses.append(why)
        return NoRecording(why, hint=self._scope.remedy)

    def _find(self) -> Recording | None:
        path = self._store.find(self.request, self._number)
        if path is None and self.settings.repeat:
            earlier = [n for n in self._store.numbers(self.request) if n < self._number]
            path = self._store.find(self.request, earlier[-1]) if earlier else None
        replays = self.settings.mode == "replay"
        if path is None:
            if replays:
                raise self._miss()
            return None
        recording, why = self._usable(path)
        if recording is None and replays:
            raise self.missing(f"{self.request.model} is not called, and {why}.")
        if recording is None or not (replays or recording.is_lasting):
            return None
        self._scope.note(path, recorded=False)
        return recording

    def _usable(self, path: Path) -> tuple[Recording | None, str]:
        """A recording, or why it is not used."""
        try:
            recording = self._store.read(path)
        except DamagedRecording:
            return None, f"{path} is damaged"
        except OSError as error:
            return None, f"{path} cannot be read: {error.strerror or error}"
        most = self.settings.max_age
        age = (datetime.now(UTC) - recording.recorded_at).total_seconds()
        if most is not None and not 0 <= age < most:
            return None, f"{path} is older than {most:g} seconds"
        return recording, ""

    def _miss(self) -> NoRecording:
        """The error for a request without a recording, with the one that is nearest."""
        model, directory = self.request.model, self.settings.directory
        recorded = self._store.numbers(self.request)
        if recorded:
            times = "once" if len(recorded) == 1 else f"{len(recorded)} times"
            why = (
                f"This is call {self._number} of {model} with the same request, which was recorded "
                f"{times} in {directory}."
            )
            error = self.missing(why)
            error.nearest = self._store.find(self.request, recorded[-1])
            return error
        document = request_document(self.request.kind, model, self._displayed.content)
        found = nearest(document, self._candidates())
        if found is None:
            return self.missing(
                f"No recording answers this request to {model}; there is none in {directory}."
            )
        recording, differences = found
        why = f"No recording answers this request to {model}. The nearest is {recording.path}: "
        if differences:
            more = len(differences) - 1
            others = f", and {more} more {'place differs' if more == 1 else 'places differ'}"
            why += f"{differences[0]}{others if more else ''}."
        else:
            why += "they differ in what is hidden alone."
        error = self.missing(why)
        error.nearest = recording.path
        error.differences = tuple(differences)
        if len(differences) > 1 and self._scope.in_test:
            self._scope.session.details += [
                f"{recording.path}:",
                *map(str, differences[:_MOST_SHOWN]),
            ]
        return error

    def _candidates(self) -> list[Recording]:
        paths = self._store.paths()[:_MOST_COMPARED]
        found = (self._usable(path)[0] for path in paths)
        return [recording for recording in found if recording is not None]

    def _write(
        self, outcome: Outcome, response: Callable[[], Any], error: ProviderError | None
    ) -> None:
        request = self.request
        path = self._store.find(request, self._number)
        if path is None:
            path = self._store.path(request, self._number, self._displayed.question)
        recording = Recording(
            request.kind,
            request.model,
            self._displayed.content,
            datetime.now(UTC),
            outcome,
            response(),
            None if error is None else error_to_json(error, self.recorded_text),
            path,
        )
        self._store.write(path, recording)
        self._scope.note(path, recorded=True)

    @cached_property
    def _credentials(self) -> list[str]:
        return credentials_in(self._config)

    @cached_property
    def _displayed(self) -> DisplayedRequest:
        return DisplayedRequest(self.request, self._credentials)
