"""`modelwire batch`: what it prints, writes and exits with."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from modelwire.batch import BatchProgress
from modelwire.cli.batch.progress_bar import duration, progress_line


@pytest.fixture
def ask(program):
    def ask(rows, *arguments, **options):
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        (program.folder / "in.jsonl").write_text(text)
        return program.run("batch", "in.jsonl", "-o", "out.jsonl", *arguments, **options)

    return ask


def written(program, name="out.jsonl"):
    return [json.loads(line) for line in (program.folder / name).read_text().splitlines()]


def test_the_answers_are_written_and_counted(program, ask):
    done = ask([{"prompt": "one"}, {"prompt": "two"}], "-m", "actor/m", "--system", "Max")
    assert (done.returncode, done.stderr) == (0, b"")
    first, second = done.stdout.decode().splitlines()
    assert first == "2 of 2 rows answered: out.jsonl"
    assert second.startswith("2 requests in ")
    texts = {each["message"]["content"][1]["text"] for each in written(program)}
    assert texts == {"Max said: one", "Max said: two"}


def test_the_options_of_complete_are_options_of_every_row(program, ask):
    row = {"prompt": "one", "max_tokens": 7}
    done = ask([row, {"prompt": "two"}], "-m", "actor/m", "--max-tokens", "5")
    assert done.returncode == 0
    assert {each["line"]: each["usage"]["output"] for each in written(program)} == {1: 7, 2: 5}


def test_failed_rows_have_their_own_file_and_exit_status(program, ask):
    done = ask([{"prompt": "one"}, {"prompt": 5}], "-m", "actor/m")
    assert done.returncode == 3
    assert "1 row failed: out.errors.jsonl\n" in done.stdout.decode()
    (failure,) = written(program, "out.errors.jsonl")
    assert failure["error"]["message"] == "Line 2: prompt must be text that is not empty."


def test_the_summary_is_json_on_request(program, ask):
    done = ask([{"prompt": "one"}], "-m", "actor/m", "--json")
    summary = json.loads(done.stdout)
    assert (summary["rows"], summary["answered"], summary["stopped"]) == (1, 1, None)
    assert (summary["output"], summary["errors"]) == ("out.jsonl", "out.errors.jsonl")


def test_an_error_is_json_on_request(program, ask):
    rows = [{"custom_id": "a", "prompt": "one"}, {"custom_id": "a", "prompt": "two"}]
    done = ask(rows, "-m", "actor/m", "--json")
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert error["type"] == "batch"
    assert "Lines 1 and 2 of in.jsonl" in error["message"]


def test_refused_credentials_end_the_batch(program, ask):
    done = ask([{"prompt": "one"}], "-m", "actor/refuses")
    assert done.returncode == 1
    assert b"The key was refused." in done.stderr
    assert written(program) == []


def test_a_budget_has_its_own_exit_status(program, ask):
    prices = {"input": 1000, "output": 1000, "cacheRead": 0, "cacheWrite": 0}
    model = {"id": "m", "name": "m", "cost": prices}
    program.configure({"models": {"providers": {"actor": {"models": [model]}}}})
    rows = [{"prompt": str(index)} for index in range(9)]
    done = ask(rows, "-m", "actor/m", "--budget", "0.01")
    assert done.returncode == 4
    shown = done.stdout.decode()
    assert "3 of 9 rows answered" in shown
    assert "6 rows not done yet; the same command continues. The budget is used up." in shown


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["in.jsonl"], "Missing option '-o'"),
        (["in.jsonl", "-o", "out.jsonl", "--rpm", "0"], "--rpm"),
        (
            ["in.jsonl", "-o", "out.jsonl", "--on", "mars"],
            "'mars' is not one of 'here', 'provider'.",
        ),
        (
            ["in.jsonl", "-o", "out.jsonl", "--on", "ray"],
            "'ray' is not installed; run: pip install modelwire-ray",
        ),
        (
            ["in.jsonl", "-o", "out.jsonl", "--on", "provider", "--concurrency", "64"],
            "--concurrency does not apply to jobs at the provider.",
        ),
        (
            ["in.jsonl", "-o", "out.jsonl", "--address", "x"],
            "--address is for a place that a package",
        ),
        (["in.jsonl", "-o", "out.jsonl", "--schema", "{}x"], "--schema is not JSON"),
        (["in.jsonl", "-o", "out.jsonl", "--option", "temperature=1"], "--temperature"),
    ],
)
def test_a_misuse_is_named(program, arguments, part):
    done = program.run("batch", *arguments)
    assert done.returncode == 2
    assert part in done.stderr.decode()


RUNNER = """
    from modelwire import Runtime
    from modelwire.batch import RowAsker

    class Runner:
        options = ("address", "rpm")

        async def run(self, work):
            print(work.options.address, work.limits.rpm)
            async with Runtime.from_config(work.config_path) as runtime:
                asker = RowAsker(runtime, settings=work.settings, limits=work.limits)
                while rows := await work.take(2):
                    yield [await asker.ask(row) for row in rows]

    RUNNER = Runner()
"""


@pytest.fixture
def cluster(site):
    module = "runner_plugin"
    site.install(
        "runner", {"batch_runners": {"cluster": f"{module}:RUNNER"}}, RUNNER, module=module
    )


@pytest.mark.usefixtures("cluster")
def test_a_runner_of_a_package_asks_the_rows(program, ask):
    rows = [{"prompt": "one"}, {"prompt": "two"}, {"prompt": 3}]
    done = ask(rows, "--on", "cluster", "--address", "here:1", "--rpm", "6000", "-m", "actor/m")
    assert (done.returncode, done.stderr) == (3, b"")
    shown = done.stdout.decode().splitlines()
    assert shown[0] == "here:1 6000.0"
    assert shown[1] == "2 of 3 rows answered: out.jsonl"
    assert {each["line"] for each in written(program)} == {1, 2}
    assert [each["line"] for each in written(program, "out.errors.jsonl")] == [3]


@pytest.mark.usefixtures("cluster")
def test_a_batch_that_was_begun_here_is_continued_by_a_runner(program, ask):
    first = ask([{"prompt": "one"}], "-m", "actor/m")
    assert first.returncode == 0
    done = ask([{"prompt": "one"}, {"prompt": "two"}], "--on", "cluster", "-m", "actor/m", "--json")
    assert json.loads(done.stdout.decode().partition("\n")[2])["processed"] == 1
    assert [each["line"] for each in written(program)] == [1, 2]


@pytest.mark.usefixtures("cluster")
def test_the_installed_places_are_in_the_help_and_in_the_error_for_others(program):
    shown = program.run("batch", "--help").stdout.decode()
    assert "here|provider|cluster" in shown
    done = program.run("batch", "in.jsonl", "-o", "out.jsonl", "--on", "mars")
    assert b"'mars' is not one of 'here', 'provider', 'cluster'." in done.stderr


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("name", ["tpm", "workers", "concurrency", "attempts", "job"])
def test_an_option_that_a_runner_does_not_keep_is_refused(program, name):
    arguments = ("in.jsonl", "-o", "out.jsonl", "--on", "cluster", f"--{name}", "5")
    done = program.run("batch", *arguments)
    assert done.returncode == 2
    assert f"Error: --{name} " in done.stderr.decode()


def test_the_first_interrupt_waits_for_answers_and_the_second_does_not(program):
    (program.folder / "in.jsonl").write_text('{"prompt": "one"}\n' * 3)
    process = program.start(
        "batch", "in.jsonl", "-o", "out.jsonl", "-m", "actor/stuck",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    program.wait_for_asked("stuck")
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    shown, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == b""
    assert b"3 rows not done yet; the same command continues." in shown
    assert written(program) == []


def test_a_terminal_shows_a_bar_that_is_gone_at_the_end(program):
    (program.folder / "in.jsonl").write_text('{"prompt": "one"}\n')
    arguments = ("batch", "in.jsonl", "-o", "out.jsonl", "-m", "actor/m")
    assert program.leave(*arguments).startswith("1 of 1 row answered: out.jsonl\n")


PROGRESS = BatchProgress(
    rows=10_000, answered=2_500, failed=3, in_flight=64, tokens=60_000, cost=1.25, seconds=30.0,
    before=1_000,
)  # fmt: skip


def test_the_line_has_rows_failures_speed_cost_and_the_time_left():
    assert progress_line(PROGRESS, 100) == (
        "[#####---------------] 2,503/10,000  3 failed  2,000 tokens/s  $1.25  2 min 30 s left"
    )


@pytest.mark.parametrize("columns", range(120))
def test_the_line_fits(columns):
    assert len(progress_line(PROGRESS, columns)) <= columns


def test_the_line_says_what_is_done_before_and_after_the_rows():
    assert progress_line(BatchProgress(seconds=4.2), 80) == "Reading the input: 4 s"
    stopping = BatchProgress(rows=10, answered=2, in_flight=4, stopping=True, seconds=1.0)
    assert progress_line(stopping, 80) == (
        "[####----------------] 2/10  stopping, 4 in flight (Ctrl-C again ends them)"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (59.6, "1 min 0 s"),
        (61, "1 min 1 s"),
        (3600, "1 h 0 min"),
        (9e5, "250 h 0 min"),
    ],
)
def test_durations_have_two_units(seconds, text):
    assert duration(seconds) == text


def test_a_full_disk_stops_the_batch_and_the_next_run_continues(program, ask):
    """A limit of the file's size fails as a full disk does: in the middle of a line."""
    rows = [{"prompt": str(index)} for index in range(40)]
    assert ask(rows[:0]).returncode == 1  # without rows, nothing is begun
    (program.folder / "in.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    command = "modelwire batch in.jsonl -o out.jsonl -m actor/m"
    environ = {**program.environ, "PATH": f"{Path(program.command[0]).parent}:{os.environ['PATH']}"}
    limited = subprocess.run(
        ["bash", "-c", f"ulimit -f 8; exec {command}"],
        cwd=program.folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert limited.returncode == 1
    assert "Error: Cannot write out.jsonl: File too large." in limited.stderr
    first = {each["line"] for each in written(program)}
    assert 0 < len(first) < 40
    done = program.run(*command.split()[1:])
    assert done.returncode == 0
    assert sorted(each["line"] for each in written(program)) == list(range(1, 41))
    assert done.stdout.decode().splitlines()[1].startswith(f"{40 - len(first)} requests in")
