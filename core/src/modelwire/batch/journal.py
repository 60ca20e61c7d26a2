"""The journal of a batch: which rows have an answer or a failure in the output, for this run and the next.

The output itself says which rows are done: each answer is one line with the number of its row's line. A
hidden file beside it describes the input, so that a changed one is noticed, and a lock keeps a second run
from writing the same output.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec
from attrs import asdict, frozen
from filelock import FileLock, Timeout

from modelwire.batch.input_state import InputState, examine_input, recheck_input
from modelwire.batch.line_file import LineFile, sound_lines
from modelwire.errors import BatchError
from modelwire.files import replace_file

if TYPE_CHECKING:
    from modelwire.batch.request_shapes import RequestShapes

__all__ = ["BatchFiles", "Journal"]

_VERSION: Final = 1


class _Answer(msgspec.Struct):
    """What is read of a line of the output."""

    line: int
    cost: float | None = None


class _Error(msgspec.Struct):
    retryable: bool = False


class _Failure(msgspec.Struct):
    """What is read of a line of the failures."""

    line: int
    error: _Error


@frozen
class BatchFiles:
    """The files of a batch.

    Attributes:
        answers: The output.
        errors: The failures, beside it: `NAME.errors.jsonl`.
        state: The description of the input, hidden beside it.
    """

    answers: Path
    errors: Path
    state: Path

    @classmethod
    def of(cls, output: Path) -> Self:
        """The files that belong to an output."""
        stem = output.name.removesuffix(".jsonl")
        errors = output.with_name(f"{stem}.errors.jsonl")
        return cls(output, errors, output.with_name(f".{output.name}.batch.json"))


class Journal:
    """The rows that are done, and the files that the others are written to; made by `Journal.open`.

    Attributes:
        files: The files.
        input: The state of the input.
        answered: The number of answers in the output.
        failed: The number of failures that are kept.
        cost: The cost of the answers in USD, as far as it is known.
    """

    def __init__(self, files: BatchFiles, lock: FileLock, state: InputState) -> None:
        self.files = files
        self.input = state
        self.answered = self.failed = 0
        self.cost = 0.0
        self._lock = lock
        self._done = bytearray(state.lines // 8 + 1)
        self._answers: LineFile | None = None
        self._failures: LineFile | None = None

    @classmethod
    def open(
        cls,
        source: Path,
        output: Path,
        *,
        retry_failed: bool = False,
        shapes: Callable[[], RequestShapes] | None = None,
    ) -> Self:
        """Open the output for an input, and find what is done; it reads both files.

        Failures that may pass, as those of a connection, are removed from the file of failures, and
        their rows are to be sent again. The others are kept.

        Args:
            source: The input.
            output: The output; its folder is created if need be.
            retry_failed: Whether no failure is kept.
            shapes: Loads the batch lines of APIs; by default those of the installed plugins.

        Raises:
            BatchError: Another run writes the output, the output is another batch's, a file is damaged
                or cannot be used, or the input has changed or is not valid.
        """
        files = BatchFiles.of(output)
        lock = _hold(files)
        try:
            known = _known_state(files)
            state = (
                examine_input(source, shapes)
                if known is None
                else recheck_input(source, known, shapes)
            )
            journal = cls(files, lock, state)
            try:
                if state != known:
                    _write_state(files, source, state)
                journal._read(fresh=known is None, retry_failed=retry_failed)
            except OSError as error:
                msg = f"Cannot use {error.filename or output}: {error.strerror or error}."
                raise BatchError(msg, source=str(output)) from error
            except BaseException:
                journal._close_files()
                raise
        except BaseException:
            lock.release()
            raise
        return journal

    @property
    def remaining(self) -> int:
        """The number of rows that have neither an answer nor a failure."""
        return self.input.rows - self.answered - self.failed

    def is_done(self, line: int) -> bool:
        """Whether a row has an answer, or a failure that is kept."""
        return bool(self._done[line >> 3] >> (line & 7) & 1)

    def append_answers(self, lines: bytes) -> None:
        """Write complete lines of answers.

        Raises:
            BatchError: They cannot be written; the file is as it was.
        """
        assert self._answers is not None  # noqa: S101 - `open` opens it
        self._answers.append(lines)

    def append_failures(self, lines: bytes) -> None:
        """Write complete lines of failures.

        Raises:
            BatchError: They cannot be written; the file is as it was.
        """
        self._failures = self._failures or LineFile(self.files.errors)
        self._failures.append(lines)

    def close(self) -> None:
        """Close the files, and release the lock."""
        self._close_files()
        self._lock.release()

    def _close_files(self) -> None:
        for file in (self._answers, self._failures):
            if file is not None:
                file.close()

    def _read(self, *, fresh: bool, retry_failed: bool) -> None:
        """Read what was written before, and open the files behind their last complete lines."""
        self._answers = LineFile(self.files.answers, 0 if fresh else self._read_answers())
        if not self.files.errors.exists():
            return
        size = 0 if fresh else self._keep_failures(retry_failed=retry_failed)
        if size:
            self._failures = LineFile(self.files.errors, size)
        else:
            self.files.errors.unlink()

    def _read_answers(self) -> int:
        size = 0
        for number, text, end in sound_lines(self.files.answers):
            size = end
            answer = _decoded(text, _Answer, self.files.answers, number)
            if self._mark(answer.line, self.files.answers, number):
                self.answered += 1
                self.cost += answer.cost or 0.0
        return size

    def _keep_failures(self, *, retry_failed: bool) -> int:
        """Write the failures that are kept to a new file in place of the old one; return its size."""
        path, size, changed = self.files.errors, 0, False
        draft = path.with_name(f".{path.name}.tmp")
        try:
            with draft.open("wb") as file:
                for number, text, _ in sound_lines(path):
                    failure = _decoded(text, _Failure, path, number)
                    again = retry_failed or failure.error.retryable
                    if again or not self._mark(failure.line, path, number):
                        changed = True
                        continue
                    self.failed += 1
                    size += file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if changed:
                draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        return size

    def _mark(self, line: int, path: Path, number: int) -> bool:
        """Mark a row as done; return whether it was not before."""
        if not 0 < line <= self.input.lines:
            msg = f"Line {number} of {path} is of the row {line}, which the input does not have."
            raise BatchError(msg, source=str(path), hint="Give another output.")
        if self.is_done(line):
            return False
        self._done[line >> 3] |= 1 << (line & 7)
        return True


def _hold(files: BatchFiles) -> FileLock:
    path = files.answers
    # The file is closed by another thread than the one that has opened it.
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0, thread_local=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        msg = f"{path} is being written by another run."
        raise BatchError(
            msg, source=str(path), hint="Wait for it, or give another output."
        ) from None
    except OSError as error:
        msg = f"Cannot write {path}: {error.strerror or error}."
        raise BatchError(msg, source=str(path)) from error
    return lock


def _known_state(files: BatchFiles) -> InputState | None:
    """The state of the input when the output was begun; `None` where there is no output yet."""
    begun = [path for path in (files.answers, files.errors) if _has_content(path)]
    if not files.state.exists():
        if not begun:
            return None
        msg = f"{begun[0]} exists, and does not belong to a batch."
        raise BatchError(msg, source=str(begun[0]), hint="Give another output, or remove it.")
    if not files.answers.exists():
        return None
    try:
        data = json.loads(files.state.read_bytes())
        if data["version"] != _VERSION:
            raise ValueError
        return InputState(**data["input"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{files.state}, which describes the input of {files.answers}, cannot be read."
        raise BatchError(msg, source=str(files.state), hint="Give another output.") from error


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _write_state(files: BatchFiles, source: Path, state: InputState) -> None:
    data = {"version": _VERSION, "source": str(source), "input": asdict(state)}
    replace_file(files.state, json.dumps(data, indent=2).encode() + b"\n")


def _decoded(text: bytes, kind: type[Any], path: Path, number: int) -> Any:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        msg = f"Line {number} of {path} is damaged: {error}."
        hint = "Remove that line; its row is then sent again."
        raise BatchError(msg, source=str(path), hint=hint) from error
