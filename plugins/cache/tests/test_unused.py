"""Recordings that no test used are found, reported and removed, in real runs of pytest."""

import shutil

import pytest
from extensive_tests import partly_extensive
from pytest_project import Project

pytestmark = pytest.mark.timeout(300)

TWO = """
    @pytest.mark.recordings
    @pytest.mark.parametrize("prompt", ["Why?", "How?"])
    def test_one(prompt):
        ask(prompt)

    @pytest.mark.recordings
    def test_two():
        ask("What?")
"""


@pytest.fixture
async def project(tmp_path, service):
    path = tmp_path / "project"
    path.mkdir()
    (path / "pytest.ini").write_text("[pytest]\n")
    project = Project(path, service)
    project.write(TWO)
    assert (await project.run("--recordings=record")).outcomes() == {"passed": 3}
    return project


def listed(run):
    """The files that a run lists, by the folder of the test."""
    lines = [line.strip() for line in run.out.splitlines() if line.startswith("  recordings/")]
    return sorted(line.rpartition("/")[0].removeprefix("recordings/") for line in lines)


def named(options):
    return "xdist" if options else "one process"


@pytest.mark.parametrize("processes", [[], ["-n", "2"]], ids=named)
async def test_what_a_test_no_longer_asks_is_reported(project, processes):
    project.write(TWO.replace('ask("What?")', "pass"))
    done = await project.run(*processes)
    assert (done.status, listed(done)) == (0, ["test_it/test_two"])
    assert "1 not used:" in done.out
    assert "Remove them with --recordings-unused=remove." in done.out


@pytest.mark.parametrize(
    "processes",
    partly_extensive([[], ["-n", "2"]], bool, "it starts several processes of pytest", name=named),
)
async def test_the_recordings_of_tests_and_modules_that_are_gone_are_reported(project, processes):
    project.write(TWO.replace("test_two", "test_three").replace('"How?"', '"Where?"'))
    project.write("def test_other(): pass", "test_other.py")
    (project.path / "recordings" / "test_gone").mkdir()
    for path in project.path.glob("recordings/test_it/test_two/*"):
        path.rename(project.path / "recordings" / "test_gone" / path.name)
    done = await project.run("--recordings=record-missing", *processes)
    assert done.outcomes() == {"passed": 4}
    gone, other = listed(done)
    assert gone == "test_gone"
    assert other.startswith("test_it/test_one[How-]")
    assert "2 recorded, 1 replayed" in done.out


@pytest.mark.parametrize(
    "arguments",
    [["-k", "one"], ["test_it.py::test_two"], ["--deselect", "test_it.py::test_two"]],
    ids=" ".join,
)
async def test_where_a_part_of_the_tests_runs_the_others_recordings_are_not_unused(
    project, arguments
):
    done = await project.run(*arguments)
    assert done.status == 0
    assert "not used" not in done.out


async def test_a_test_that_failed_says_nothing_of_its_recordings(project):
    project.write(TWO.replace('ask("What?")', "assert False"))
    done = await project.run()
    assert done.outcomes() == {"failed": 1, "passed": 2}
    assert "not used" not in done.out


async def test_unused_recordings_may_fail_a_run(project):
    assert (await project.run("--recordings-unused=fail")).status == 0
    project.write(TWO.replace('ask("What?")', "pass"))
    done = await project.run("--recordings-unused=fail")
    assert (done.status, done.outcomes()) == (1, {"passed": 3})
    (project.path / "pytest.ini").write_text("[pytest]\nrecordings_unused = fail\n")
    assert (await project.run()).status == 1


async def test_unused_recordings_are_removed_on_demand(project):
    project.write(TWO.replace('ask("What?")', "pass"))
    folder = project.path / "recordings" / "test_it"
    other = folder / "test_two" / "package.json"
    other.write_text("{}")
    shutil.copytree(next(folder.glob("test_one*")), folder / "test_gone")
    await project.run("--recordings-unused=remove", "--collect-only")
    assert len(project.recordings()) == 5
    done = await project.run("--recordings-unused=remove")
    assert "2 removed:" in done.out
    assert not (folder / "test_gone").exists()
    assert list((folder / "test_two").iterdir()) == [other]
    assert len(project.recordings()) == 3
    assert (await project.run("--recordings-unused=fail")).status == 0


@pytest.mark.extensive("it starts several processes of pytest")
async def test_processes_of_xdist_record_side_by_side(project, service):
    many = """
        @pytest.mark.recordings
        @pytest.mark.parametrize("number", range(8))
        def test_many(number):
            texts = [ask(), ask(f"Why {number}?")]
            assert len(set(texts)) == 2
    """
    project.write(many)
    asked = service.asked
    done = await project.run("-n", "2", "--recordings=record")
    assert done.outcomes() == {"passed": 8}, done.out
    assert "16 recorded" in done.out
    assert (await project.run("-n", "2")).outcomes() == {"passed": 8}
    assert service.asked == asked + 16
