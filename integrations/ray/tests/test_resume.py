"""A pipeline that was stopped goes on by Ray's own means: rows that were written are not asked."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray
from ray.data.checkpoint import CheckpointConfig

NAMES = [f"word-{n}" for n in range(24)]


@pytest.fixture
def checkpoint(cluster, tmp_path):
    """Keeps the ids of rows that were written, after the end of the pipeline as well."""
    context = ray.data.DataContext.get_current()
    folder = str(tmp_path / "checkpoint")
    context.checkpoint_config = CheckpointConfig("id", folder, delete_checkpoint_on_success=False)
    yield
    context.checkpoint_config = None


def test_rows_of_a_checkpoint_are_not_asked_again(checkpoint, ask, asked, emulator, tmp_path):
    rows, out = tmp_path / "rows", tmp_path / "answers"
    rows.mkdir()
    for first, last in ((0, 12), (12, 24)):
        table = pa.table({"id": range(first, last), "word": NAMES[first:last]})
        pq.write_table(table, rows / f"{first}.parquet")
        emulator.reset()
        dataset = ray.data.read_parquet(str(rows))
        ask(dataset, prompt="{word}").write_parquet(str(out))
        assert sorted(asked()) == sorted(NAMES[first:last])
    assert sorted(pq.read_table(out)["word"].to_pylist()) == sorted(NAMES)
