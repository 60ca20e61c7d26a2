"""The files of a batch are sound whatever ended the run before, and belong to one input."""

import json
import subprocess
import sys
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.batch import duplicates
from modelwire.batch.duplicates import SeenIds
from modelwire.batch.journal import Journal
from modelwire.batch.line_file import LineFile, encode_line
from modelwire.errors import BatchError


def answer(line, **more):
    return encode_line({"custom_id": str(line), "line": line, "cost": 0.5, **more})


def failure(line, *, retryable=False):
    return encode_line({"custom_id": str(line), "line": line, "error": {"retryable": retryable}})


def begin(files, rows=5):
    """A batch of some rows that was begun, with an output to write to."""
    files.ask(*(f"say {index}" for index in range(rows)))
    Journal.open(files.source, files.output).close()


def opened(files, **options):
    journal = Journal.open(files.source, files.output, **options)
    journal.close()
    return journal


def done(journal):
    return [line for line in range(1, journal.input.lines + 1) if journal.is_done(line)]


def test_a_torn_last_line_is_cut_and_its_row_asked_again(files):
    begin(files)
    whole = answer(1) + answer(3)
    for length in range(len(whole), len(whole + answer(2))):
        files.output.write_bytes((whole + answer(2))[:length])
        journal = opened(files)
        assert done(journal) == [1, 3]
        assert (journal.answered, journal.remaining, journal.cost) == (2, 3, 1.0)
        assert files.output.read_bytes() == whole


def test_a_torn_failure_is_cut(files):
    begin(files)
    files.errors.write_bytes(failure(2) + failure(3)[:-5])
    assert done(opened(files)) == [2]
    assert files.errors.read_bytes() == failure(2)


def test_failures_that_may_pass_are_taken_out(files):
    begin(files)
    files.errors.write_bytes(failure(1) + failure(2, retryable=True) + failure(3))
    journal = opened(files)
    assert (done(journal), journal.failed) == ([1, 3], 2)
    assert files.errors.read_bytes() == failure(1) + failure(3)
    assert done(opened(files, retry_failed=True)) == []
    assert not files.errors.exists()


def test_an_answer_is_more_than_a_failure_of_the_same_row(files):
    begin(files)
    files.output.write_bytes(answer(1))
    files.errors.write_bytes(failure(1) + failure(2))
    journal = opened(files)
    assert (journal.answered, journal.failed) == (1, 1)
    assert files.errors.read_bytes() == failure(2)


@pytest.mark.parametrize("text", [b"{oops\n", b"{}\n", b'{"line": "x"}\n', b"\x00\n", b"\xff\n"])
def test_a_damaged_line_is_named(files, text):
    begin(files)
    files.output.write_bytes(answer(1) + text + answer(2))
    with pytest.raises(BatchError, match=r"Line 2 of .*out.jsonl is damaged"):
        opened(files)
    assert files.output.read_bytes() == answer(1) + text + answer(2)
    files.output.write_bytes(answer(1))
    opened(files)  # the lock is free again


def test_an_answer_of_a_row_that_is_not_there_is_refused(files):
    begin(files)
    files.output.write_bytes(answer(6))
    with pytest.raises(BatchError, match="row 6, which the input does not have"):
        opened(files)


def test_an_output_of_something_else_is_not_written(files):
    files.ask("say")
    files.output.write_text("My notes\n")
    with pytest.raises(BatchError, match="does not belong to a batch"):
        opened(files)
    assert files.output.read_text() == "My notes\n"
    files.output.unlink()
    files.errors.write_text("My notes\n")
    with pytest.raises(BatchError, match="does not belong to a batch"):
        opened(files)


def test_an_output_that_was_removed_is_begun_again(files):
    begin(files)
    files.output.write_bytes(answer(1))
    files.errors.write_bytes(failure(2))
    files.output.unlink()
    files.ask("say other")
    assert done(opened(files)) == []
    assert not files.errors.exists()


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda text: text.replace("say 1", "say 9"), "not the same"),
        (lambda text: text[:-20], "shorter"),
        (lambda text: text[:-1] + " extra\n", "not the same"),
        (lambda text: '{"prompt": "new"}\n' + text, "not the same"),
    ],
)
def test_a_changed_input_is_refused(files, change, part):
    begin(files)
    files.output.write_bytes(answer(1))
    files.source.write_text(change(files.source.read_text()))
    with pytest.raises(BatchError, match=part) as caught:
        opened(files)
    assert "another output" in caught.value.hint
    assert files.output.read_bytes() == answer(1)


def test_rows_may_be_added_at_the_end_of_the_input(files):
    begin(files)
    files.output.write_bytes(answer(1))
    text = files.source.read_text()
    files.source.write_text(text + '{"prompt": "new"}\n')
    journal = opened(files)
    assert (journal.input.rows, done(journal)) == (6, [1])
    assert opened(files).input.rows == 6
    files.source.write_text(text)
    with pytest.raises(BatchError, match="shorter"):
        opened(files)


def test_a_last_line_that_was_continued_is_a_change(files):
    files.source.write_text('{"prompt": "say 1"}\n{"prompt": "say 2"}')
    Journal.open(files.source, files.output).close()
    files.source.write_text('{"prompt": "say 1"}\n{"prompt": "say 2"} ')
    with pytest.raises(BatchError, match="not by whole lines"):
        opened(files)
    files.source.write_text('{"prompt": "say 1"}\n{"prompt": "say 2"}\n{"prompt": "say 3"}')
    assert opened(files).input.rows == 3


def test_a_state_that_cannot_be_read_is_named(files):
    begin(files)
    files.output.write_bytes(answer(1))
    files.state.write_text("{}")
    with pytest.raises(BatchError, match="describes the input"):
        opened(files)


def test_the_folder_of_the_output_is_made(files):
    files.ask("say")
    output = files.source.parent / "new" / "folder" / "out.jsonl"
    Journal.open(files.source, output).close()
    assert output.read_bytes() == b""


def test_an_output_that_cannot_be_written_is_named(files):
    files.ask("say")
    with pytest.raises(BatchError, match=r"Cannot write .*out.jsonl"):
        Journal.open(files.source, files.source / "out.jsonl")


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        ([{"custom_id": "a"}, {"custom_id": "b"}, {"custom_id": "a"}], "Lines 1 and 3 of .* 'a'"),
        ([{"custom_id": "2"}, {}], "Lines 1 and 2 of .* '2'"),
        ([{"custom_id": 7}, {"custom_id": "7"}], "Lines 1 and 2 of .* '7'"),
    ],
)
def test_duplicate_ids_are_an_error_that_names_both_lines(files, rows, part):
    files.write([{"prompt": "say", **row} for row in rows])
    with pytest.raises(BatchError, match=part):
        opened(files)
    assert not files.output.exists()


def test_an_input_without_rows_is_an_error(files):
    files.source.write_text("\n\n")
    with pytest.raises(BatchError, match="has no rows"):
        opened(files)


def test_a_missing_input_is_an_error(files):
    with pytest.raises(BatchError, match=r"Cannot read .*in.jsonl: No such file"):
        opened(files)


ids = st.lists(st.integers(0, 60).map(str), max_size=60)


@given(ids, st.sampled_from([40, 400, 10**9]))
@settings(deadline=None)
def test_duplicates_are_found_also_when_they_do_not_fit_into_memory(ids, kept):
    with pytest.MonkeyPatch.context() as patch, SeenIds() as seen:
        patch.setattr(duplicates, "_KEPT", kept)
        first = {}
        expected = None
        for line, custom_id in enumerate(ids, 1):
            if custom_id in first and expected is None:
                expected = first[custom_id], line
            first.setdefault(custom_id, line)
            seen.add(custom_id, line)
        assert seen.first_duplicate() == expected


FULL = """
    import resource, signal, sys
    from pathlib import Path
    from modelwire.batch.line_file import LineFile
    from modelwire.errors import BatchError

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    file = LineFile(Path(sys.argv[1]))
    line = b"x" * 299 + b"\\n"
    written = 0
    try:
        for _ in range(9):
            file.append(line)
            written += 1
    except BatchError as error:
        print(written, error.message)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10000, resource.RLIM_INFINITY))
    try:
        file.append(line)
    except BatchError:
        print("still refused")
    file.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits of a file's size")
def test_a_write_that_stops_in_the_middle_of_a_line_leaves_whole_lines(tmp_path):
    """A limit of the file's size fails as a full disk does: after a part was written."""
    path = tmp_path / "out.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL), path], capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [f"3 Cannot write {path}: File too large.", "still refused"]
    assert path.read_bytes() == (b"x" * 299 + b"\n") * 3


def test_a_line_file_appends_behind_its_sound_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}\n{oo")
    with LineFile(path, 3) as file:
        file.append(b"[]\n")
    assert path.read_bytes() == b"{}\n[]\n"


def test_the_state_says_what_the_input_was(files):
    begin(files, rows=2)
    state = json.loads(files.state.read_text())
    assert state["source"] == str(files.source)
    assert (state["input"]["rows"], state["input"]["size"]) == (2, files.source.stat().st_size)
