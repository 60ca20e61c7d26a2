"""Files of the user's own: whole or not at all, locked, and for their owner alone."""

import errno
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from modelwire.files import (
    OWNER_ONLY,
    append_text,
    locked,
    replace_file,
    replace_unlocked,
    user_path,
)


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_is_created_and_replaced_for_its_owner_alone(tmp_path):
    path = tmp_path / "file"
    for data in (b"one\r\n", b""):
        with locked(path):
            replace_file(path, data)
        assert path.read_bytes() == data
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(tmp_path) == [".file.lock", "file"]


def test_a_folder_is_made_for_its_owner_alone(tmp_path):
    path = tmp_path / "deep" / "down" / "file"
    with locked(path):
        replace_file(path, b"x")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_a_killed_writer_has_left_is_cleared_away(tmp_path):
    path = tmp_path / "file"
    path.with_name(".file.tmp").write_bytes(b"half")
    replace_file(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert names(tmp_path) == ["file"]


def test_without_a_lock_it_is_cleared_away_once_no_program_can_be_writing_it(tmp_path):
    folder = tmp_path / "answers"
    replace_unlocked(folder / "one", b"1")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "one").stat().st_mode) == 0o600
    for name, hours in ((".old.tmp", 2), (".new.tmp", 0), (".old.txt", 2), ("old.tmp", 2)):
        (folder / name).write_bytes(b"half")
        then = time.time() - hours * 3600
        os.utime(folder / name, (then, then))
    replace_unlocked(folder / "one", b"2")
    assert (folder / "one").read_bytes() == b"2"
    assert names(folder) == [".new.tmp", ".old.txt", "old.tmp", "one"]


FAIL = """
import resource, signal, sys
from pathlib import Path
from modelwire import files

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5, 5))
try:
    getattr(files, sys.argv[2])(Path(sys.argv[1]), b"a longer text")
except OSError as error:
    print(error.errno)
"""


@pytest.mark.parametrize("function", ["replace_file", "replace_unlocked"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, function):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-B", "-c", FAIL, path, function],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == errno.EFBIG
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_file_stays_its_owners_when_root_writes_it(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    os.chown(path, 1234, 1234)
    replace_file(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1234)


def test_a_lock_keeps_other_threads_out_and_gives_up_in_the_end(tmp_path):
    path = tmp_path / "file"
    held, done = threading.Event(), threading.Event()

    def hold():
        with locked(path):
            held.set()
            done.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(60)
        late = pytest.raises(TimeoutError, match="Another process has been writing")
        with late, locked(path, patience=0.05):
            pass
    finally:
        done.set()
        holder.join()
    with locked(path, patience=0.05):
        pass


def test_a_lock_is_let_go_when_its_holder_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "file"):
        raise ZeroDivisionError
    with locked(tmp_path / "file", patience=0.05):
        pass


COUNT = """
import sys
from pathlib import Path
from modelwire.files import OWNER_ONLY, append_text, locked, replace_file

path = Path(sys.argv[1])
for _ in range(50):
    with locked(path):
        replace_file(path, str(int(path.read_bytes()) + 1).encode())
"""


def test_processes_that_read_and_write_under_the_lock_lose_nothing(tmp_path):
    path = tmp_path / "count"
    path.write_text("0")
    writers = [subprocess.Popen([sys.executable, "-c", COUNT, path]) for _ in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert path.read_text() == "150"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("~", "/home/ann"),
        ("~/a b", "/home/ann/a b"),
        ("a/~", "a/~"),
        ("~nobody-of-that-name/x", "~nobody-of-that-name/x"),
        (Path("~/x"), "/home/ann/x"),
    ],
)
def test_a_path_is_read_as_a_user_writes_it(monkeypatch, written, meant):
    monkeypatch.setenv("HOME", "/home/ann")
    assert user_path(written) == Path(meant)


def test_a_file_that_grows_is_its_owner_s_alone_also_where_it_was_there(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("one\n")
    old.chmod(0o644)
    for path in (old, new):
        append_text(path, "")
        append_text(path, "two é\n")
        assert path.stat().st_mode & 0o777 == OWNER_ONLY
    assert (old.read_text(), new.read_text()) == ("one\ntwo é\n", "two é\n")


def test_what_is_no_file_can_be_appended_to(tmp_path):
    append_text(Path(os.devnull), "x")
    assert Path(os.devnull).stat().st_mode & 0o777 != OWNER_ONLY
    with pytest.raises(OSError, match="No such file"):
        append_text(tmp_path / "missing" / "file", "x")
