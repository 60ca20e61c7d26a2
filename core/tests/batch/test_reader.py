"""The input is read from JSON lines, CSV and Parquet, in constant memory."""

import csv
import json
import subprocess
import sys
import tracemalloc

import pyarrow as pa
import pytest
from pyarrow import parquet

from modelwire.batch.reader import chunks_of
from modelwire.batch.rows import PendingRows
from modelwire.errors import BatchError, InvalidRequest

ROWS = [
    {"custom_id": "007", "prompt": 'Why, "so"?\nWhy?', "max_tokens": 5},
    {"custom_id": "b", "prompt": "Naïve", "temperature": 0.5},
]


def lines(path):
    return [each for chunk in chunks_of(path) for each in chunk]


def test_json_lines_are_numbered_and_empty_ones_left_out(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"a": 2}')
    assert lines(path) == [(1, {"a": 1}), (3, {"a": 2})]


@pytest.mark.parametrize("text", ["{oops", "\xff", "[" * 100_000, "1 2"])
def test_a_line_that_is_not_json_is_an_error_in_its_place(tmp_path, text):
    path = tmp_path / "in.jsonl"
    path.write_bytes(text.encode("latin-1") + b'\n{"a": 1}\n')
    (first, error), second = lines(path)
    assert (first, second) == (1, (2, {"a": 1}))
    assert isinstance(error, InvalidRequest)
    assert error.message.startswith("Line 1: it is not JSON: ")
    assert len(error.message) < 300


def test_the_place_in_a_line_is_counted_in_characters(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a":\n')
    (_, (_, error)) = lines(path)
    assert error.message == "Line 2: it is not JSON: Expecting value at character 6."


def test_csv_has_texts_numbers_and_json(tmp_path):
    path = tmp_path / "in.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(["custom_id", "prompt", "max_tokens", "messages", "label"])
        writer.writerow(["007", ROWS[0]["prompt"], "5", "", "x"])
        writer.writerow(["", "", "", json.dumps([{"role": "user", "content": "Hi"}]), ""])
        writer.writerow(["c", "", "many", "", ""])
    first, second, third = lines(path)
    assert first == (1, {**ROWS[0], "label": "x"})
    assert second == (2, {"messages": [{"role": "user", "content": "Hi"}]})
    assert isinstance(third[1], InvalidRequest)
    assert third[1].message.startswith("Line 3: it is not JSON: max_tokens")


def test_csv_that_is_not_text_is_an_error(tmp_path):
    path = tmp_path / "in.csv"
    path.write_bytes(b"prompt\n\xff\n")
    with pytest.raises(BatchError, match="not UTF-8"):
        lines(path)


def test_parquet_rows_are_those_of_its_columns(tmp_path):
    path = tmp_path / "in.parquet"
    parquet.write_table(pa.Table.from_pylist(ROWS * 100), path)
    found = lines(path)
    assert [number for number, _ in found] == list(range(1, 201))
    assert found[0][1] == {"custom_id": "007", "prompt": ROWS[0]["prompt"], "max_tokens": 5}
    assert found[199][1] == {"custom_id": "b", "prompt": "Naïve"}


def test_a_file_that_is_not_parquet_is_an_error(tmp_path):
    path = tmp_path / "in.parquet"
    path.write_bytes(b"not parquet")
    with pytest.raises(BatchError, match="is not Parquet"):
        lines(path)


def test_without_pyarrow_the_error_says_what_to_install(tmp_path):
    program = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from pathlib import Path\n"
        "from modelwire.batch.reader import chunks_of\n"
        "from modelwire.errors import BatchError\n"
        "try: list(chunks_of(Path('in.parquet')))\n"
        "except BatchError as error: print(error.message, error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == (
        "in.parquet cannot be read: Parquet needs the package pyarrow. pip install pyarrow\n"
    )


def test_an_unknown_format_is_an_error_that_names_the_others(tmp_path):
    with pytest.raises(BatchError, match=r"\.jsonl, \.ndjson, \.csv, \.parquet"):
        lines(tmp_path / "in.xlsx")


async def test_rows_are_read_as_they_are_needed_and_not_kept(tmp_path):
    path = tmp_path / "in.jsonl"
    prompt = "x" * 1000
    with path.open("w") as file:
        for _ in range(10_000):
            file.write(json.dumps({"prompt": prompt}) + "\n")
    rows = PendingRows(path, lambda line: line % 2 == 0, last=10_000)
    count = 0
    tracemalloc.start()
    try:
        async for row in rows.read():
            count += row.row.line % 2
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 5_000
    assert most < 2_000_000  # the file has ten million bytes
