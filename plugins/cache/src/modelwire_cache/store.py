"""The recordings of a folder: one JSON file for each answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from attrs import frozen

from modelwire.files import read_file, replace_unlocked, warn_of_exposed_folder
from modelwire_cache.fingerprint import Kind, RecordedRequest
from modelwire_cache.names import is_recording

__all__ = ["DamagedRecording", "Outcome", "Recording", "RecordingStore"]

Outcome = Literal["complete", "failed", "cut", "left"]
"""The ends of a recorded answer: complete, with an error, without an end, or left by its reader."""

_FORMAT = 2
_SUFFIX = ".json"
_LONGEST_TITLE = 40
_OTHER_THAN_WORDS = re.compile(r"[^a-z0-9]+")

_DAMAGED = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
"""Exceptions raised while reading a file that is not a recording."""


class DamagedRecording(Exception):
    """A file is not a recording."""


@frozen
class Recording:
    """A recorded answer.

    Attributes:
        kind: The kind of request.
        model: The model that was called, as `provider/model-id`.
        request: The request, in the form of `DisplayedRequest.content`.
        recorded_at: The time of the recording.
        outcome: How the answer ended.
        response: The answer as JSON data: of a completion, the deltas.
        error: How the answer failed, as JSON data, or `None`.
        path: Its file, or `None` where it is not written yet.
    """

    kind: Kind
    model: str
    request: Mapping[str, Any]
    recorded_at: datetime
    outcome: Outcome
    response: Any
    error: Mapping[str, Any] | None = None
    path: Path | None = None

    @property
    def is_lasting(self) -> bool:
        """Whether the same answer is to be expected again: it is whole, or a lasting refusal."""
        refused = self.error is not None and self.error.get("retryable") is False
        return self.outcome == "complete" or (self.outcome == "failed" and refused)

    def to_json(self) -> dict[str, Any]:
        """The form in which it is written."""
        data = {
            "format": _FORMAT,
            "kind": self.kind,
            "model": self.model,
            "outcome": self.outcome,
            "recordedAt": self.recorded_at.isoformat(timespec="seconds"),
            "request": self.request,
            "response": self.response,
        }
        return data if self.error is None else {**data, "error": self.error}

    @classmethod
    def from_json(cls, data: Any, path: Path) -> Recording:
        """Read the result of `to_json`.

        Raises:
            DamagedRecording: The data has another form.
        """
        try:
            moment = datetime.fromisoformat(data["recordedAt"])
            if data["format"] != _FORMAT or moment.tzinfo is None:
                raise DamagedRecording
            if data["kind"] not in get_args(Kind) or data["outcome"] not in get_args(Outcome):
                raise DamagedRecording
            if data["kind"] == "completion" and not _are_objects(data["response"]):
                raise DamagedRecording
            error = dict(data["error"]) if "error" in data else None
            if (error is None) == (data["outcome"] == "failed"):
                raise DamagedRecording
            return cls(
                data["kind"],
                str(data["model"]),
                dict(data["request"]),
                moment,
                data["outcome"],
                data["response"],
                error,
                path,
            )
        except _DAMAGED as damage:
            raise DamagedRecording from damage


class RecordingStore:
    """The recordings of one folder.

    A file is written whole and then moved into place, so no reader sees half of one. Its name holds
    the beginning of the question, the key of the request, and the number of the answer among those to
    equal requests, counted from 1; the question is for people alone.

    Args:
        directory: The folder; it is made when it is first needed.
        warn: Whether a folder to which others can write gives an `UnsafeFolderWarning`.
    """

    def __init__(self, directory: Path, *, warn: bool = True) -> None:
        self.directory = directory
        self._unchecked = warn

    def find(self, request: RecordedRequest, number: int) -> Path | None:
        """The file of an answer, or `None` where there is none."""
        named = self.path(request, number, request.question)
        if named.is_file():
            return named
        return next(iter(self.directory.glob(f"*{_ending(request, number)}")), None)

    def numbers(self, request: RecordedRequest) -> list[int]:
        """The numbers of the answers to a request that are recorded, in order."""
        ending = f"-{request.key}-"
        names = (path.stem for path in self.directory.glob(f"*{ending}*{_SUFFIX}"))
        numbers = (name.rpartition("-")[2] for name in names)
        return sorted(int(number) for number in numbers if number.isdecimal())

    def path(self, request: RecordedRequest, number: int, title: str = "") -> Path:
        """The file that a new recording gets.

        Args:
            request: The request.
            number: The number of the answer among those to equal requests.
            title: The question, without secrets.
        """
        words = _OTHER_THAN_WORDS.sub("-", title.lower()[: 4 * _LONGEST_TITLE])
        words = words[:_LONGEST_TITLE].strip("-") or request.kind.replace(" ", "-")
        return self.directory / f"{words}{_ending(request, number)}"

    def read(self, path: Path) -> Recording:
        """Read a recording.

        Raises:
            DamagedRecording: The file is not a recording.
            OSError: It cannot be read, is no regular file, or is too large.
        """
        raw = read_file(path, "recording").raw
        self._check_folder()
        try:
            data = json.loads(raw)
        except _DAMAGED as damage:
            raise DamagedRecording from damage
        return Recording.from_json(data, path)

    def write(self, path: Path, recording: Recording) -> None:
        """Write a recording, in place of an older one. Only the user may read the file.

        Raises:
            OSError: It cannot be written.
        """
        text = json.dumps(
            recording.to_json(), ensure_ascii=False, sort_keys=True, indent=1, default=repr
        )
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._check_folder()
        replace_unlocked(path, f"{text}\n".encode("utf-8", "surrogatepass"))

    def paths(self) -> list[Path]:
        """The files of the folder and of those below it that have the name of a recording."""
        self._check_folder()
        return sorted(filter(is_recording, self.directory.rglob(f"*{_SUFFIX}")))

    def recordings(self) -> Iterator[Recording]:
        """The recordings of the folder and of those below it; damaged ones are left out."""
        for path in self.paths():
            try:
                yield self.read(path)
            except (OSError, DamagedRecording):
                continue

    def _check_folder(self) -> None:
        if self._unchecked:
            self._unchecked = False
            warn_of_exposed_folder(self.directory)


def _are_objects(data: object) -> bool:
    return isinstance(data, list) and all(isinstance(item, dict) for item in data)


def _ending(request: RecordedRequest, number: int) -> str:
    return f"-{request.key}-{number}{_SUFFIX}"
