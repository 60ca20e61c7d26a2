"""The discovery cache gives back what was kept, or nothing; it never breaks anything."""

import json
import stat
import subprocess
import sys

import pytest
from attrs import fields

from modelwire.catalog.cache import (
    INCOMPLETE_INTERVAL,
    CachedList,
    DiscoveryCache,
    cache_key,
    from_stored,
    to_stored,
)
from modelwire.models import Model, Prices

MODEL = Model(
    "acme",
    "m:1",
    "M One",
    api="acme-chat",
    base_url="http://localhost:1",
    reasoning=True,
    input=("text", "image"),
    output=("text", "embedding"),
    tools=False,
    local=True,
    prices=Prices(1, 2.5, cache_write_long=0.0),
    context_window=9,
    context_tokens=8,
    max_tokens=7,
    thinking_level_map={"high": None, "low": "thrifty"},
    params={"a": [1]},
    extra={"b": {"c": 1}},
    sources=("discovered",),
)


@pytest.fixture
def cache(tmp_path):
    return DiscoveryCache(tmp_path / "deep" / "models")


def test_a_list_comes_back_as_it_was(cache):
    cache.write("k", [MODEL], 100.0)
    assert cache.read("k") == CachedList((MODEL,), 100.0)
    assert cache.read("other") is None


def test_an_incomplete_list_comes_back_with_its_reasons_and_is_fresh_for_a_short_time(cache):
    cache.write("k", [MODEL], 100.0, ["The list of profiles may not be read."])
    found = cache.read("k")
    assert found.incomplete == ("The list of profiles may not be read.",)
    assert found.is_fresh(100.0 + INCOMPLETE_INTERVAL - 1, 3600)
    assert not found.is_fresh(100.0 + INCOMPLETE_INTERVAL, 3600)
    assert not found.is_fresh(111.0, 10)


def test_a_list_that_was_kept_without_reasons_is_complete(cache, tmp_path):
    cache.write("k", [MODEL], 100.0)
    path = tmp_path / "deep" / "models" / "k.json"
    data = json.loads(path.read_text())
    del data["incomplete"]
    path.write_text(json.dumps(data))
    assert cache.read("k").incomplete == ()


@pytest.mark.parametrize("wrong", ["no", [5], None])
def test_reasons_that_are_no_texts_make_the_file_a_damaged_one(cache, tmp_path, wrong):
    cache.write("k", [MODEL], 100.0)
    path = tmp_path / "deep" / "models" / "k.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"incomplete": wrong}))
    assert cache.read("k") is None


def test_every_attribute_comes_back_but_the_headers():
    bare = Model("acme", "m")
    same = [f.name for f in fields(Model) if getattr(MODEL, f.name) == getattr(bare, f.name)]
    assert same == ["provider", "headers"]
    assert from_stored(json.loads(json.dumps(to_stored(MODEL)))) == MODEL
    assert from_stored(json.loads(json.dumps(to_stored(bare)))) == bare


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": 5},
        {"name": ["x"]},
        {"tools": 1},
        {"context_window": True},
        {"context_window": 9.5},
        {"max_tokens": "9"},
        {"params": []},
        {"extra": "x"},
        {"input": "text"},
        {"input": ["smell"]},
        {"input": None},
        {"prices": 3},
        {"prices": {"input": "3"}},
        {"prices": {"output": True}},
        {"thinking_level_map": {"high": 1}},
        {"sources": [None]},
    ],
)
def test_a_model_with_a_wrong_value_makes_the_file_a_damaged_one(cache, tmp_path, wrong):
    cache.write("k", [MODEL], 100.0)
    path = tmp_path / "deep" / "models" / "k.json"
    data = json.loads(path.read_text())
    data["models"][0].update(wrong)
    path.write_text(json.dumps(data))
    assert cache.read("k") is None


def test_headers_are_never_written(cache, tmp_path):
    cache.write("k", [Model("acme", "m", headers={"authorization": "sk-secret"})], 1.0)
    assert all(b"sk-secret" not in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert cache.read("k").models[0].headers == {}


def test_an_older_list_never_replaces_a_newer_one(cache):
    cache.write("k", [MODEL], 200.0)
    cache.write("k", [], 100.0)
    assert cache.read("k").fetched_at == 200.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": 99}',
        '{"format": 3}',
        '{"format": 3, "fetchedAt": "1", "models": []}',
        '{"format": 3, "fetchedAt": 1, "models": ""}',
        '{"format": 3, "fetchedAt": 1, "models": {}}',
        '{"format": 3, "fetchedAt": 1, "models": [[]]}',
        '{"format": 3, "fetchedAt": 1, "models": [{"provider": "acme"}]}',
        '{"format": 3, "fetchedAt": 1, "models": [{"id": 5}]}',
        "\udcff",
    ],
)
def test_a_damaged_file_is_no_list(cache, tmp_path, text):
    cache.write("k", [MODEL], 100.0)
    path = tmp_path / "deep" / "models" / "k.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert cache.read("k") is None
    cache.write("k", [MODEL], 1.0)
    assert cache.read("k").fetched_at == 1.0


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    file = tmp_path / "file"
    file.write_text("in the way")
    cache = DiscoveryCache(file / "models")
    cache.write("k", [MODEL], 1.0)
    assert cache.read("k") is None


def test_the_folder_is_the_users_own(cache, tmp_path):
    cache.write("k", [MODEL], 1.0)
    assert stat.S_IMODE((tmp_path / "deep" / "models").stat().st_mode) == 0o700


WRITER = """
import sys
from pathlib import Path
from modelwire.catalog.cache import DiscoveryCache
from modelwire.models import Model

cache = DiscoveryCache(Path(sys.argv[1]))
for turn in range(50):
    cache.write("k", [Model("acme", f"m-{turn}")] * 50, float(turn))
"""


@pytest.mark.extensive("it starts many processes")
def test_many_processes_share_it(tmp_path):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, tmp_path]) for _ in range(3)]
    seen = []
    while any(writer.poll() is None for writer in writers):
        found = DiscoveryCache(tmp_path).read("k")
        if found is not None:
            assert len(found.models) == 50
            seen.append(found.fetched_at)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert seen == sorted(seen)
    assert json.loads((tmp_path / "k.json").read_text())["fetchedAt"] == 49.0
    assert not list(tmp_path.glob("*.tmp"))


def test_freshness():
    kept = CachedList((), 1000.0)
    assert kept.is_fresh(1000.0, 10)
    assert not kept.is_fresh(1010.0, 10)
    assert not kept.is_fresh(999.0, 10)  # a clock that was set back
    assert not kept.is_fresh(1000.0, 0)


def test_keys_tell_identities_apart_and_are_safe_file_names():
    keys = {
        cache_key("a/../b", "eu", "me"),
        cache_key("a/../b", "eu", "you"),
        cache_key("a/../b", "us", "me"),
    }
    assert len(keys) == 3
    assert all("/" not in key and "." not in key for key in keys)
