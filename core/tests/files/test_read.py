"""Only regular files of a bounded size are read, and nothing is waited for."""

import os
import socket
import threading
from pathlib import Path

import pytest

from modelwire.files import SIZE_LIMITS, open_file, read_file


def test_a_regular_file_is_read_with_its_status(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"\x00text\r\n")
    content = read_file(path, "configuration")
    assert content.raw == b"\x00text\r\n"
    assert content.status.st_size == 7
    assert "text" not in repr(content)


@pytest.mark.parametrize("kind", SIZE_LIMITS)
def test_a_file_of_the_size_limit_is_read_and_a_larger_one_is_refused(tmp_path, kind):
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(SIZE_LIMITS[kind] + 1)
    with pytest.raises(OSError, match="larger than") as caught:
        read_file(path, kind)
    assert caught.value.strerror == f"this is larger than {SIZE_LIMITS[kind] // 2**20} MiB"
    os.truncate(path, 10)
    assert len(read_file(path, kind).raw) == 10


def test_a_file_without_a_size_is_read_up_to_the_limit(tmp_path):
    """Files of /proc say that they have 0 bytes."""
    assert read_file(Path("/proc/self/stat"), "configuration").raw


@pytest.fixture
def special(tmp_path):
    def make(kind):
        path = tmp_path / "special"
        if kind == "FIFO":
            os.mkfifo(path)
        elif kind == "socket":
            holder = socket.socket(socket.AF_UNIX)
            holder.bind(str(path))
            holder.close()
        elif kind == "folder":
            path.mkdir()
        else:
            path.symlink_to("/dev/zero")
        return path

    return make


@pytest.mark.parametrize("kind", ["FIFO", "socket", "folder", "device"])
@pytest.mark.parametrize("read", [open_file, lambda path: read_file(path, "session")])
def test_what_is_no_regular_file_is_refused_and_not_waited_for(special, kind, read):
    path, raised = special(kind), []

    def attempt():
        try:
            read(path)
        except OSError as error:
            raised.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    assert kind in raised[0].strerror


def test_a_file_that_becomes_a_fifo_before_it_is_opened_is_refused(tmp_path, monkeypatch):
    """The kind is checked once more on the open file, so a swap in between is noticed."""
    path = tmp_path / "file"
    path.write_text("{}")
    real = os.open

    def swapped(name, flags, *more):
        path.unlink()
        os.mkfifo(path)
        return real(name, flags, *more)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(OSError, match="FIFO"):
        read_file(path, "configuration")


def test_a_missing_file_and_a_path_that_is_none_raise_what_open_raises(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none", "tools")
    with pytest.raises(ValueError, match="null"):
        read_file(tmp_path / "a\0b", "tools")
