"""`modelwire serve usage` and `modelwire serve migrate`."""

import asyncio
import json

import pytest
from click.testing import CliRunner

from modelwire.messages import Usage
from modelwire_gateway.access.caller import Caller
from modelwire_gateway.commands import serve
from modelwire_gateway.storage.database import open_database
from modelwire_gateway.storage.settings import StorageSettings
from modelwire_gateway.storage.usage import UsageLog

ADA, BOB = Caller("id-ada", "laptop", "ada"), Caller("id-bob", "ci")
USED = Usage(input=10, output=5, cache_read=3, cache_write=2)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MODELWIRE_STATE_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments, status=0):
        result = CliRunner().invoke(serve, arguments)
        assert result.exit_code == status, result.output
        return result.output

    return invoke


@pytest.fixture
def used(tmp_path):
    """Usage of two keys with two models."""

    async def use():
        async with open_database(StorageSettings(str(tmp_path / "gateway.db"))) as engine:
            log = UsageLog(engine)
            log.record(ADA, "openai/gpt-5", USED, 0.25)
            log.record(ADA, "local/small", USED, None)
            log.record(BOB, "openai/gpt-5", USED, 0.5)
            await log.flush()

    asyncio.run(use())


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        (
            "key",
            [
                "id-ada laptop 2 30 10 0.2500 and more",
                "id-bob ci 1 15 5 0.5000",
            ],
        ),
        ("model", ["local/small 1 15 5 0.0000 and more", "openai/gpt-5 2 30 10 0.7500"]),
        ("owner", ["ada 2 30 10 0.2500 and more", "- 1 15 5 0.5000"]),
    ],
)
def test_usage_is_added_up(run, used, by, rows):
    head, *lines = (" ".join(line.split()) for line in run("usage", "--by", by).splitlines())
    assert head == f"{by} requests input output USD"
    assert lines == rows


def test_usage_of_one_key_as_json(run, used):
    (row,) = json.loads(run("usage", "--json", "--key-id", "id-bob"))
    del row["day"]
    assert row == {
        "caller": "id-bob", "name": "ci", "owner": None, "model": "openai/gpt-5", "requests": 1,
        "unpriced": 0, "input": 10, "output": 5, "cache_read": 3, "cache_write": 2, "cost": 0.5,
    }  # fmt: skip


def test_where_nothing_was_used_it_says_so(run):
    assert run("usage", "--days", "7") == "Nothing was used in the last 7 days.\n"


def test_the_tables_are_migrated_by_a_command_where_the_settings_say_so(run, tmp_path):
    settings = {"plugins": {"entries": {"gateway": {"config": {"storage": {"migrate": False}}}}}}
    path = tmp_path / "modelwire.json5"
    path.write_text(json.dumps(settings))
    result = CliRunner().invoke(serve, ["--config", str(path), "keys", "list"])
    assert "modelwire serve migrate" in f"{result.output}{result.exception.hint}"
    assert "are at revision" in run("--config", str(path), "migrate")
    assert "There are no keys" in run("--config", str(path), "keys", "list")
