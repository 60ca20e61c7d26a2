"""Datasets are answered by actors of a cluster, which is left as it was found."""

import gc
import time

import pytest
import ray
from conftest import words

from modelwire_bedrock.emulator import Fault, Match
from modelwire_ray import Quota


def test_every_row_is_asked_once_and_within_the_quota(cluster_folder, ask, asked):
    names = [f"word-{n}" for n in range(300)]
    dataset = words(*names).materialize()
    quota = Quota(requests_per_minute=6000)
    start = time.monotonic()
    rows = ask(dataset, prompt="Say {word}", actors=2, quota=quota).take_all()
    assert time.monotonic() - start >= 299 * 0.01
    assert sorted(asked()) == sorted(f"Say {name}" for name in names)
    assert sorted(row["word"] for row in rows) == sorted(names)
    assert all(row["answer"].endswith(f"Say {row['word']}") for row in rows)
    # aiohttp complains in the log of an actor that has not closed its connections.
    logs = {file: file.read_text() for file in cluster_folder.glob("session_2*/logs/worker-*.err")}
    assert logs
    assert [text for text in logs.values() if "Unclosed" in text or "ignored in" in text] == []


def test_a_failure_stops_the_dataset_if_asked_for(emulator, ask):
    emulator.answer(fault=Fault.error("AccessDeniedException"), when=Match(text="bad"))
    dataset = ask(words("good", "bad"), prompt="{word}", on_error="raise")
    with pytest.raises(ray.exceptions.RayTaskError, match="AccessDenied"):
        dataset.take_all()


def test_what_an_actor_has_imported_is_left_out_of_collections(ask, asked):
    ask(words("one", "two"), prompt=lambda row: f"{row['word']} {gc.get_freeze_count()}").take_all()
    frozen = dict(text.split() for text in asked())
    assert sorted(frozen) == ["one", "two"]
    # The first row is written before anything is asked.
    assert int(frozen["two"]) > 50_000
