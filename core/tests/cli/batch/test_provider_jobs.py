"""`modelwire batch --on provider`: its questions, what it prints, and that every process continues."""

import json

import pexpect
import pytest

# A service that keeps its jobs in a file of the working folder; a test ends them there.
SERVICE = """
    import json
    from pathlib import Path
    from modelwire import errors
    from modelwire.hookspecs import BatchJob, BatchResult, BatchTerms, hookimpl
    from modelwire.messages import AssistantMessage, Cost, Text, Usage

    FILE = Path("service.json")

    def read():
        return json.loads(FILE.read_text()) if FILE.exists() else {}

    class Jobs:
        def __init__(self, model):
            self.model = model
            known = {"hours": 24, "price_factor": 0.5, "source": "https://jobs.example/terms"}
            self.terms = BatchTerms(max_items=2, **(known if model.id == "m" else {}))

        def job(self, job_id):
            found = read().get(job_id)
            if found is None:
                raise errors.NotFound(f"There is no job {job_id}.", provider="jobs")
            return BatchJob(job_id, found["state"], len(found["items"]), 0, 0)

        async def submit_batch(self, items, key):
            jobs = read()
            job_id = f"job-{len(jobs) + 1}"
            texts = {each.custom_id: each.context.messages[0].content[0].text for each in items}
            state = "completed" if self.model.id == "quick" else "running"
            jobs[job_id] = {"state": state, "items": texts}
            FILE.write_text(json.dumps(jobs))
            return self.job(job_id)

        async def poll_batch(self, job_id):
            return self.job(job_id)

        async def cancel_batch(self, job_id):
            jobs = read()
            jobs[job_id]["state"] = "cancelled"
            FILE.write_text(json.dumps(jobs))
            return self.job(job_id)

        async def fetch_batch(self, job_id, items):
            if self.job(job_id).state == "cancelled":
                return
            for name, text in read()[job_id]["items"].items():
                usage = Usage(10, 5, cost=Cost(0.25))
                yield BatchResult(name, AssistantMessage([Text(text.upper())], "jobs", "m", usage=usage))

    @hookimpl
    def batch_jobs(model):
        return Jobs(model)
"""
PRICES = {"input": 3, "output": 15}
PLAN = """\
3 rows for batch jobs of jobs/m, answered within 24 hours.
50% of the price of single requests: $1.5 per million tokens of input and $7.5 per million tokens of output, \
as documented at https://jobs.example/terms.
"""


@pytest.fixture
def batch(site, program):
    """Run the command at the provider, for three rows."""
    site.provider("jobs", SERVICE)
    program.configure(
        {"models": {"providers": {"jobs": {"models": [{"id": "m", "cost": PRICES}]}}}}
    )
    rows = [{"prompt": "one"}, {"prompt": "two"}, {"prompt": "three"}]
    (program.folder / "in.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def run(*arguments, model="m"):
        command = (
            "batch",
            "in.jsonl",
            "-o",
            "out.jsonl",
            "-m",
            f"jobs/{model}",
            "--on",
            "provider",
        )
        return program.run(*command, *arguments)

    return run


def end(program):
    path = program.folder / "service.json"
    jobs = json.loads(path.read_text())
    for job in jobs.values():
        job["state"] = "completed"
    path.write_text(json.dumps(jobs))


def texts(program):
    lines = (program.folder / "out.jsonl").read_text().splitlines()
    answers = [json.loads(line) for line in lines]
    return {each["custom_id"]: each["message"]["content"][0]["text"] for each in answers}


def test_each_step_is_a_command_of_its_own(program, batch):
    done = batch("--jobs", "submit")
    assert (done.returncode, done.stderr.decode()) == (0, PLAN)
    assert done.stdout.decode().splitlines() == [
        "job-1  running  0 answered, 0 failed of 2",
        "job-2  running  0 answered, 0 failed of 1",
    ]
    done = batch("--jobs", "status", "--json")
    assert [job["state"] for job in json.loads(done.stdout)["jobs"]] == ["running", "running"]
    done = batch("--jobs", "fetch")
    assert (done.returncode, done.stderr) == (0, b"2 jobs not ended yet.\n")
    assert done.stdout.decode().startswith("0 of 3 rows answered: out.jsonl\n")
    end(program)
    done = batch("--jobs", "fetch")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().startswith("3 of 3 rows answered: out.jsonl\n")
    assert texts(program) == {"1": "ONE", "2": "TWO", "3": "THREE"}
    done = batch("--jobs", "status")
    assert done.stdout == b"There are no jobs whose results have not been fetched.\n"


def test_without_a_step_it_waits_for_the_results(program, batch):
    done = batch("--json", model="quick")
    assert done.returncode == 0
    assert json.loads(done.stdout)["cost"] == 0.75
    plan = b"3 rows for batch jobs of jobs/quick.\nThe price of batch jobs is not known.\n"
    assert done.stderr == plan
    assert batch(model="quick").returncode == 0
    assert len(json.loads((program.folder / "service.json").read_text())) == 2


def test_cancelled_rows_are_failures(program, batch):
    batch("--jobs", "submit")
    assert batch("--jobs", "cancel").stdout.count(b"cancelled") == 2
    done = batch("--jobs", "fetch")
    assert done.returncode == 3
    assert "3 rows failed: out.errors.jsonl" in done.stdout.decode()


def test_a_job_of_another_batch_is_taken_over_by_its_id(program, batch):
    batch("--jobs", "submit")
    end(program)
    for path in (program.folder / ".out.jsonl.jobs.json", program.folder / "out.jsonl"):
        path.unlink()
    done = batch("--jobs", "fetch", "--job", "job-1")
    assert done.returncode == 0
    assert texts(program) == {"1": "ONE", "2": "TWO"}
    done = batch("--jobs", "fetch", "--job", "job-9")
    assert done.returncode == 1
    assert b"There is no job job-9." in done.stderr


def test_the_price_is_confirmed_on_a_terminal(program, batch):
    child = pexpect.spawn(
        program.command[0],
        [
            "batch",
            "in.jsonl",
            "-o",
            "out.jsonl",
            "-m",
            "jobs/m",
            "--on",
            "provider",
            "--jobs",
            "submit",
        ],
        cwd=str(program.folder),
        env={**program.environ, "TERM": "xterm"},
        timeout=60,
    )
    child.expect("1.5 per million tokens of input")
    child.expect("Submit\\? \\[y/N\\]")
    child.sendline("n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1
    assert not (program.folder / "service.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--on", "here", "--jobs", "status"), "--jobs needs --on provider."),
        (("--on", "here", "--yes"), "--yes needs --on provider."),
        (("--on", "provider", "--budget", "1"), "--budget does not apply to jobs at the provider."),
        (
            ("--on", "provider", "--address", "x"),
            "--address is for a place that a package offers, not for --on provider.",
        ),
    ],
)
def test_options_of_another_place_are_refused(program, arguments, said):
    done = program.run("batch", "in.jsonl", "-o", "out.jsonl", *arguments)
    assert done.returncode == 2
    assert said in done.stderr.decode()


def test_a_provider_without_jobs_is_named(program, batch):
    command = ("batch", "in.jsonl", "-o", "out.jsonl", "-m", "actor/m", "--on", "provider")
    done = program.run(*command)
    assert done.returncode == 1
    assert "cannot run batch jobs" in done.stderr.decode()
