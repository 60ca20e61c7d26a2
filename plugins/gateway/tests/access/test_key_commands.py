"""`modelwire serve keys`, as people and scripts use it."""

import json

import pytest
from click.testing import CliRunner

from modelwire_gateway.administration.durations import read_duration, read_moment
from modelwire_gateway.commands import serve


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the command with a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MODELWIRE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments, status=0):
        result = CliRunner().invoke(serve, ["keys", *arguments])
        assert result.exit_code == status, result.output
        return result

    return invoke


def data(result):
    return json.loads(result.stdout)


def test_a_key_is_printed_once_and_alone_on_standard_output(run):
    result = run("create", "--name", "laptop", "--owner", "ada")
    key = result.stdout.strip()
    assert key.startswith("mw-")
    secret = key.rpartition("-")[2]
    assert len(secret) == 43
    assert secret not in run("list").output + run("list", "--json").output


def test_a_key_has_the_limits_that_were_asked_for(run):
    made = data(
        run(
            "create", "--name", "laptop", "--models", "fast, amazon-bedrock/*,", "--rpm", "60",
            "--tpm", "100000", "--concurrency", "4", "--budget-day", "0.1", "--budget-month", "20",
            "--expires", "2099-01-31", "--route", "fast=openai/gpt-5", "--label", "team=engines",
            "--unpriced", "--json",
        )
    )  # fmt: skip
    (listed,) = data(run("list", "--json"))
    assert made.pop("key").startswith(f"mw-{listed['id']}-")
    assert made == listed
    del listed["id"], listed["createdAt"]
    assert listed == {
        "name": "laptop",
        "owner": None,
        "state": "active",
        "models": ["fast", "amazon-bedrock/*"],
        "routes": {"fast": "openai/gpt-5"},
        "labels": {"team": "engines"},
        "limits": {
            "requests_per_minute": 60,
            "tokens_per_minute": 100_000,
            "concurrency": 4,
            "budget_day": 0.1,
            "budget_month": 20.0,
            "unpriced": True,
        },
        "expiresAt": "2099-01-31T00:00:00Z",
        "revokedAt": None,
    }


def test_the_list_says_what_each_key_may_use(run):
    made = data(run("create", "--name", "laptop", "--owner", "ada", "--rpm", "60", "--json"))
    run("create", "--name", "ci", "--budget-day", "2.5", "--models", "fast")
    listed = run("list").stdout.splitlines()
    assert listed[0] == f"{made['id']}  laptop (ada)  active"
    assert listed[1] == "  all models; 60 requests a minute"
    assert listed[3] == "  models fast; 2.5 USD a day"


def test_a_revoked_key_is_listed_only_with_all(run):
    made = data(run("create", "--name", "laptop", "--json"))
    assert data(run("revoke", made["id"], "--json")) == {"id": made["id"], "state": "revoked"}
    assert data(run("list", "--json")) == []
    assert "There are no keys" in run("list").stdout
    (listed,) = data(run("list", "--all", "--json"))
    assert listed["state"] == "revoked"
    assert "There is no key" in run("rotate", made["id"], status=1).output


def test_a_rotated_key_keeps_its_id(run):
    made = data(run("create", "--name", "laptop", "--json"))
    text = run("rotate", made["id"], "--keep", "1h").stdout.strip()
    assert text.startswith(f"mw-{made['id']}-")
    assert text != made["key"]
    assert data(run("rotate", made["id"], "--json"))["id"] == made["id"]


@pytest.mark.parametrize("command", ["revoke", "rotate"])
def test_an_unknown_id_is_an_error(run, command):
    assert "There is no key with the id 'nothing'" in run(command, "nothing", status=1).output


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--name", "x", "--rpm", "0"),
        ("--name", "x", "--budget-day", "nan"),
        ("--name", "x", "--budget-day", "inf"),
        ("--name", "x", "--budget-month", "-1"),
        ("--name", "x", "--expires", "yesterday"),
        ("--name", "x", "--expires", "2001-01-01"),
        ("--name", "x", "--route", "fast"),
        ("--name", "x", "--label", "=x"),
        ("--name", " "),
        ("--name", "lap\x1b[31mtop"),
        ("--name", "x", "--owner", ""),
        ("--name", "x" * 201),
        ("--name", "x", "--concurrency", "99999999999999999999"),
    ],
)
def test_a_wrong_value_is_refused_before_anything_is_stored(run, arguments):
    run("create", *arguments, status=2)
    assert data(run("list", "--all", "--json")) == []


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("12h", 43_200), ("30d", 2_592_000)]
)
def test_durations_are_read(text, seconds):
    assert read_duration(text) == seconds
    assert read_moment(text, 5.0) == seconds + 5


@pytest.mark.parametrize("text", ["", "5", "d", "1y", "-1d", "1.5h", "9999999d"])
def test_what_is_no_duration_is_said_so(text):
    with pytest.raises(ValueError, match="is not a duration"):
        read_duration(text)
