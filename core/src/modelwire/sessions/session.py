"""The open session: read, locked, and appendable."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from modelwire.closable import Closable
from modelwire.errors import Problem, SessionError
from modelwire.files import open_file, replace_file
from modelwire.forks import after_fork, release_descriptors
from modelwire.messages import AssistantMessage, Message
from modelwire.messages.codec import check_depth, message_to_json
from modelwire.messages.depth import MESSAGE_DEPTH
from modelwire.models import ModelRef
from modelwire.sessions.blocks import split_blocks
from modelwire.sessions.directory import new_session_path
from modelwire.sessions.entries import CURRENT_VERSION, Entry, SessionHeader, new_id, now
from modelwire.sessions.reader import SessionFile, read_session
from modelwire.sessions.replay import SYSTEM_PROMPT, Conversation, branch_of, replay
from modelwire.structuring import is_deep

__all__ = ["Session", "write_new"]


_BINARY: int = getattr(os, "O_BINARY", 0)  # else Windows writes other line ends


class Session(Closable):
    """A conversation and its file.

        with Session.create(path, cwd=os.getcwd()) as session:
            session.add(UserMessage("Hello"))

    Every entry is appended and written at once, so that a program that is killed loses nothing that
    was added. The file is readable by its owner alone, and locked as long as the session is open.
    A new session has no file before its first message; a session of an older version is rewritten
    in the current one when the first entry is added to it.

    Attributes:
        path: The file, or `None` for a session without a file.
        header: Its first line.
        leaf: The id of the entry that the next one follows; `None` at the beginning.
        notes: The lines that were skipped or repaired when it was read.
    """

    def __init__(self, path: Path | None, header: SessionHeader) -> None:
        self.path = path
        self.header = header
        self.leaf: str | None = None
        self.notes: tuple[Problem, ...] = ()
        self._entries: list[Entry] = []
        self._ids: set[str] = set()
        self._written = 0
        self._stale = False
        self._file: int | None = None
        self._lock: Any = None
        self._is_inherited = False
        after_fork(self._leave_to_parent)

    @classmethod
    def create(cls, path: str | Path | None, *, cwd: str, parent: str | Path | None = None) -> Self:
        """Create a session in a file that does not exist yet or is empty.

        Args:
            path: The file; its folder is created when it is needed. `None` keeps the session in
                memory.
            cwd: The folder that the conversation is held in.
            parent: The session that this one continues.

        Raises:
            SessionError: The file is not empty or not regular, or another program has it open.
        """
        path = None if path is None else Path(path)
        session = cls(path, SessionHeader.new(cwd, parent=str(parent) if parent else None))
        if path is not None:
            session._hold(path)
            try:
                _check_empty(path)
            except BaseException:
                session.close()
                raise
        return session

    @classmethod
    def create_in(
        cls, directory: str | Path, *, cwd: str, parent: str | Path | None = None
    ) -> Self:
        """Create a session in a folder, in a file named after its time and its id.

        Raises:
            SessionError: The folder cannot be used.
        """
        header = SessionHeader.new(cwd, parent=str(parent) if parent else None)
        path = new_session_path(Path(directory), header)
        session = cls(path, header)
        session._hold(path)
        return session

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Resume the session in a file, at its last entry.

        Raises:
            SessionError: The file is no session, cannot be read, or another program has it open.
        """
        path = Path(path)
        session = cls(path, SessionHeader({"id": ""}))
        if path.exists():  # where there is nothing to read, nothing shall be made to lock it
            session._hold(path)
        try:
            session._take(read_session(path))
        except BaseException:
            session.close()
            raise
        return session

    @property
    def entries(self) -> Sequence[Entry]:
        """Every entry, in the order of the file."""
        return tuple(self._entries)

    @property
    def is_written(self) -> bool:
        """Whether it has a file yet."""
        return self._written > 0

    def branch(self) -> list[Entry]:
        """The entries from the first one to the current one."""
        return branch_of(self._entries, self.leaf)

    def conversation(self) -> Conversation:
        """The conversation up to the current entry."""
        return replay(self.branch())

    def move_to(self, entry_id: str | None) -> None:
        """Go back to an entry; the next entry begins another branch there.

        Raises:
            KeyError: There is no such entry.
        """
        if entry_id is not None and entry_id not in self._ids:
            raise KeyError(entry_id)
        self.leaf = entry_id

    def add(self, message: Message) -> str:
        """Append a message; return the id of its entry.

        Raises:
            InvalidMessage: Data in it is nested too deep; `problems` names each place.
            SessionError: As for `append`.
        """
        data = message_to_json(message)
        if isinstance(message, AssistantMessage) and message.usage.cost is None:
            # pi adds up `cost.total` without looking whether there is one.
            nothing = dict.fromkeys(("input", "output", "cacheRead", "cacheWrite", "total"), 0)
            data["usage"] |= {"cost": nothing, "costKnown": False}
        return self.append("message", split_blocks(data))

    def choose_model(self, ref: ModelRef) -> str:
        """Record the model that is used from here on."""
        return self.append("model_change", {"provider": ref.provider, "modelId": ref.model})

    def choose_thinking(self, level: str) -> str:
        """Record the level of reasoning that is used from here on."""
        return self.append("thinking_level_change", {"thinkingLevel": level})

    def choose_system_prompt(self, text: str | None) -> str:
        """Record the system prompt that applies from here on."""
        return self.append("custom", {"customType": SYSTEM_PROMPT, "data": {"text": text}})

    def append(self, kind: str, data: Mapping[str, Any]) -> str:
        """Append an entry of any kind, with its own keys as JSON data; return its id.

        A choice that is made before the first message is written with it, so that an empty
        conversation leaves no file.

        Raises:
            InvalidMessage: The data is nested too deep. The entry is not added.
            SessionError: It cannot be written. The entry is kept, and is written with the
                next one.
        """
        check_depth((key for key, value in data.items() if is_deep(value, MESSAGE_DEPTH)), "entry")
        entry = Entry(
            {
                "type": kind,
                "id": new_id(self._ids),
                "parentId": self.leaf,
                "timestamp": now(),
                **data,
            }
        )
        self._entries.append(entry)
        self._ids.add(entry.id)
        self.leaf = entry.id
        if self.path is not None and (kind == "message" or self.is_written):
            self._write()
        return entry.id

    def save_as(self, path: Path) -> None:
        """Write a copy of the branch into a new file.

        Raises:
            SessionError: The file exists or cannot be written.
        """
        header = SessionHeader.new(self.header.cwd, parent=str(self.path) if self.path else None)
        write_new(path, _lines([header.data, *(entry.data for entry in self.branch())]))

    def close(self) -> None:
        """Release the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._lock is not None:
            with suppress(OSError):
                Path(self._lock.lock_file).unlink()
            self._lock.release()
            self._lock = None

    def _hold(self, path: Path) -> None:
        lock = FileLock(path.parent / f".{path.name}.lock", timeout=0)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            msg = f"{path} is in use by another program."
            hint = "Close it first, or start another session."
            raise SessionError(msg, source=str(path), hint=hint) from None
        except OSError as error:
            raise _unwritable(path, error) from error
        self._lock = lock

    def _leave_to_parent(self) -> None:
        """In a forked child, release the file and the lock on it: they are the parent's."""
        if self._file is not None or self._lock is not None:
            self._is_inherited = True
        # filelock has no public name for it; to release the lock here would release the parent's.
        held = getattr(getattr(self._lock, "_context", None), "lock_file_fd", None)
        release_descriptors(number for number in (self._file, held) if number is not None)
        self._file = self._lock = None

    def _take(self, file: SessionFile) -> None:
        self.header = file.header
        self.notes = file.notes
        self._entries = list(file.entries)
        self._ids = {entry.id for entry in file.entries}
        self.leaf = file.entries[-1].id if file.entries else None
        self._written = len(file.entries) + 1
        # Repaired lines are written back, so that other programs read them the same way.
        mended = file.header.version < CURRENT_VERSION or any(note.path for note in file.notes)
        self._stale = mended
        if not mended and self.path is not None:
            self._file = _open(self.path)
            _cut(self._file, file.sound_bytes)

    def _write(self) -> None:
        """Write the entries that are not in the file yet."""
        assert self.path is not None  # noqa: S101 - called only for sessions with a file
        if self._is_inherited:
            msg = f"{self.path} is in use by the parent process."
            raise SessionError(msg, source=str(self.path), hint="Open a session in this process.")
        try:
            if self._stale:
                self._rewrite(self.path)
                return
            if self._file is None:
                self._file = _open(self.path)
            header = [] if self._written else [self.header.data]
            fresh = self._entries[max(self._written - 1, 0) :]
            _append(self._file, _lines([*header, *(entry.data for entry in fresh)]))
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._written = len(self._entries) + 1

    def _rewrite(self, path: Path) -> None:
        """Convert the file to the current version; it is replaced only by a complete one."""
        self.header = SessionHeader({**self.header.data, "version": CURRENT_VERSION})
        text = _lines([self.header.data, *(entry.data for entry in self._entries)])
        replace_file(path, text)
        self._file = _open(path)
        self._stale = False
        self._written = len(self._entries) + 1


def write_new(path: Path, data: bytes) -> None:
    """Write a new file, readable by its owner alone; all of it or nothing.

    Raises:
        SessionError: It exists or cannot be written.
    """
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        _append(file, data)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _unwritable(path, error) from error
    finally:
        os.close(file)


def _check_empty(path: Path) -> None:
    try:
        with open_file(path) as file:
            if file.read(1):
                raise _exists(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable(path, error) from error


def _exists(path: Path) -> SessionError:
    return SessionError(f"{path} exists.", source=str(path), hint="Choose another file.")


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _BINARY, 0o600)


def _append(file: int, data: bytes) -> None:
    """Append all of it or nothing."""
    before = os.fstat(file).st_size
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, before)
        raise


def _cut(file: int, sound_bytes: int) -> None:
    """Remove half a line at the end, or complete a whole one that lacks its line feed."""
    if os.fstat(file).st_size > sound_bytes:
        os.ftruncate(file, sound_bytes)
    os.lseek(file, max(sound_bytes - 1, 0), os.SEEK_SET)
    if sound_bytes and os.read(file, 1) != b"\n":
        os.write(file, b"\n")


def _lines(objects: Sequence[Any]) -> bytes:
    lines = (json.dumps(data, separators=(",", ":"), ensure_ascii=True) for data in objects)
    return "".join(f"{line}\n" for line in lines).encode()


def _unwritable(path: Path, error: OSError) -> SessionError:
    msg = f"Cannot write {path}: {error.strerror or error}."
    hint = "Fix the folder, name another in $MODELWIRE_STATE_DIR, or chat with --no-session."
    return SessionError(msg, source=str(path), hint=hint)
