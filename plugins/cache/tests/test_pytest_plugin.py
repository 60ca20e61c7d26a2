"""The option, the marker and the fixture, in real runs of pytest."""

import json

import pytest
from pytest_project import Project

pytestmark = [
    pytest.mark.extensive("it runs projects of tests in processes of their own"),
    pytest.mark.timeout(300),
]

ONE = """
    @pytest.mark.recordings
    def test_it():
        assert ask().endswith(" to Why?")
"""
ONE_FILE = "recordings/test_it/test_it/why.1"


@pytest.fixture
def project(tmp_path, service):
    path = tmp_path / "project"
    path.mkdir()
    (path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    )
    return Project(path, service)


async def test_without_an_option_no_model_is_asked_and_the_error_says_how_to_record(
    project, service
):
    project.write(ONE)
    done = await project.run()
    assert (done.status, service.asked) == (1, 0)
    assert "No recording answers this request to acme/large; there is none in" in done.out
    assert "Hint: `pytest --recordings=record-missing test_it.py::test_it` records it." in done.out


async def test_the_hint_can_be_followed_from_any_folder(project, service):
    project.write(ONE, "tests/test_it.py")
    done = await project.run("--recordings=record-missing", folder="tests")
    assert (done.status, service.asked) == (0, 1)
    assert "1 recorded, 0 replayed" in done.out
    assert project.recordings() == [f"tests/{ONE_FILE}"]
    done = await project.run()
    assert (done.status, service.asked) == (0, 1)
    assert "test recordings" not in done.out


@pytest.mark.parametrize(
    ("arguments", "environ", "ini"),
    [
        (["--recordings=record"], {}, ""),
        ([], {"MODELWIRE_RECORDINGS": "record"}, ""),
        ([], {}, "recordings = record"),
        (["--recordings=record"], {"MODELWIRE_RECORDINGS": "replay"}, "recordings = replay"),
    ],
)
async def test_the_mode_comes_from_the_option_the_environment_or_the_ini_file(
    project, service, arguments, environ, ini
):
    with (project.path / "pytest.ini").open("a") as file:
        file.write(ini)
    project.write(ONE)
    assert (await project.run(*arguments, **environ)).status == 0
    assert (service.asked, project.recordings()) == (1, [ONE_FILE])


@pytest.mark.parametrize(
    ("arguments", "environ", "words"),
    [
        (["--recordings=none"], {}, "--recordings is 'none': expected one of off, replay"),
        (["--recordings=none"], {}, "none is called replay here"),
        ([], {"MODELWIRE_RECORDINGS": "auto"}, "auto is called record-missing here"),
        (["--recordings-unused=hide"], {}, "invalid choice: 'hide'"),
    ],
)
async def test_a_wrong_mode_ends_the_run_before_a_test(project, service, arguments, environ, words):
    project.write(ONE)
    done = await project.run(*arguments, **environ)
    assert done.status == 4
    assert words in done.out
    assert service.asked == 0


async def test_tests_without_the_marker_are_left_alone(project, service):
    project.write(ONE.replace("@pytest.mark.recordings", ""))
    assert (await project.run("--recordings=record")).status == 0
    assert (service.asked, project.recordings()) == (1, [])


async def test_each_test_has_a_folder_and_counts_for_itself(project, service):
    project.write("""
        pytestmark = pytest.mark.recordings

        @pytest.mark.parametrize("name", ["a", "b/c"])
        def test_case(name):
            assert ask() != ask()

        class TestClass:
            async def test_it(self):
                async with Runtime.from_config(CONFIG) as runtime:
                    asked = [runtime.complete("Why?", model="acme/large") for _ in range(3)]
                    texts = [message.text for message in await asyncio.gather(*asked)]
                    assert len(set(texts)) == 3
    """)
    assert (await project.run("--recordings=record")).outcomes() == {"passed": 3}
    folders = {name.rpartition("/")[0] for name in project.recordings()}
    odd = next(name for name in folders if "b-c" in name)
    assert folders == {
        "recordings/test_it/test_case[a]",
        odd,
        "recordings/test_it/TestClass.test_it",
    }
    asked = service.asked
    assert (await project.run()).outcomes() == {"passed": 3}
    assert service.asked == asked == 7


async def test_the_fixture_says_what_was_used_and_replaces_what_differs(project, service):
    project.write("""
        def test_it(recordings, tmp_path):
            recordings.replace(os.environ["TODAY"], "<today>")
            with pytest.raises(ValueError, match="<today> is the name of another text"):
                recordings.replace("tomorrow", "<today>")
            prompt = f"Read {tmp_path}/notes.txt of {os.environ['TODAY']}"
            assert ask(prompt).endswith(prompt)
            assert len(recordings.replayed) + len(recordings.recorded) == 1
            assert recordings.mode in ("replay", "record")
            assert (recordings.folder.name, recordings.misses) == ("test_it", [])
    """)
    done = await project.run("--recordings=record", TODAY="2026-11-28")
    assert done.status == 0, done.out
    (name,) = project.path.rglob("recordings/**/*.json")
    data = json.loads(name.read_text())
    assert data["request"]["messages"][0]["content"] == ["Read <tmp_path>/notes.txt of <today>"]
    assert (await project.run(TODAY="2027-01-01")).outcomes() == {"passed": 1}
    assert service.asked == 1


async def test_a_runtime_of_a_wider_scope_and_an_agent_with_tools_are_replayed(project, service):
    service.tool = "weather"
    project.write("""
        pytestmark = pytest.mark.recordings

        @pytest.fixture(scope="module")
        def runtime():
            with SyncRuntime.from_config(CONFIG) as runtime:
                yield runtime

        def weather(city: str) -> str:
            "Look up the weather."
            return f"Rain in {city}"

        @pytest.mark.parametrize("city", ["Oslo", "Rome"])
        def test_agent(runtime, city):
            agent = Agent("acme/large", tools=[weather], runtime=runtime)
            assert "Rain in Oslo" in agent.run_sync(f"Will it rain in {city}?").text
    """)
    assert (await project.run("--recordings=record")).outcomes() == {"passed": 2}
    asked = service.asked
    assert (await project.run()).outcomes() == {"passed": 2}
    assert service.asked == asked == 4


async def test_a_marker_wins_over_the_option(project, service):
    project.write("""
        @pytest.mark.recordings("off")
        def test_live():
            ask()

        @pytest.mark.recordings(mode="replay", repeat=True, folder="shared")
        def test_pinned():
            assert ask() == ask() == ask()

        @pytest.mark.recordings
        def test_call():
            ask("How?", plugins={"recordings": {"mode": "off"}})
    """)
    assert (await project.run("--recordings=record")).outcomes() == {"failed": 1, "passed": 2}
    assert (service.asked, project.recordings()) == (2, [])
    project.write("""
        @pytest.mark.recordings(folder="shared")
        def test_pinned():
            ask()
    """)
    await project.run("--recordings=record")
    assert project.recordings() == ["shared/why.1"]
    project.write("""
        @pytest.mark.recordings(mode="replay", repeat=True, folder="shared")
        def test_pinned():
            assert ask() == ask() == ask()
    """)
    assert (await project.run("--recordings=record")).outcomes() == {"passed": 1}
    assert service.asked == 3


@pytest.mark.parametrize("arguments", ['"sometimes"', "mode=3", '"off", 1', "speed=2"])
async def test_a_wrong_marker_says_how_it_is_written(project, arguments):
    project.write(ONE.replace("recordings", f"recordings({arguments})"))
    done = await project.run()
    assert done.status == 1
    assert (
        "it is recordings(mode=None, *, folder=None, repeat=None), and mode is one of" in done.out
    )


async def test_a_changed_prompt_is_reported_with_the_difference(project):
    project.write(ONE)
    await project.run("--recordings=record")
    project.write(ONE.replace("ask()", 'ask("Why not?", temperature=0.5)'))
    done = await project.run()
    assert "The nearest is " in done.out
    assert "options.temperature is 0.5, and was absent when it was recorded, and 1 more" in done.out
    assert " differences from recordings " in done.out
    assert 'messages[0].content[0] is "Why not?", and was "Why?" when it was recorded' in done.out


async def test_record_replaces_the_recordings_of_a_test_that_passed(project):
    project.write(ONE)
    await project.run("--recordings=record")
    changed = ONE.replace("ask()", 'ask("Why not?")')
    project.write(changed)
    assert (await project.run("--recordings=record")).status == 1
    assert len(project.recordings()) == 2
    project.write(changed.replace("Why?", "Why not?"))
    assert (await project.run("--recordings=record")).status == 0
    assert project.recordings() == ["recordings/test_it/test_it/why-not.1"]


async def test_a_miss_that_the_program_swallowed_is_reported(project):
    project.write("""
        @pytest.mark.recordings
        def test_it():
            try:
                ask()
            except Exception:
                pass
    """)
    done = await project.run()
    assert done.status == 0
    assert "test_it.py::test_it passed, though a request of it had no recording" in done.out


async def test_programs_that_a_test_starts_record_and_replay_as_it_does(project, service):
    project.write("""
        import json, subprocess, sys

        @pytest.mark.recordings
        def test_it(tmp_path):
            config = tmp_path / "modelwire.json5"
            config.write_text(json.dumps(CONFIG))
            command = [sys.executable, "-m", "modelwire", "complete", "-m", "acme/large", "Why?"]
            environ = os.environ | {"MODELWIRE_CONFIG": str(config)}
            done = subprocess.run(command, env=environ, capture_output=True, text=True)
            assert done.stdout.endswith("to Why?\\n"), done.stderr
            assert os.environ["MODELWIRE_RECORDINGS_DIR"].endswith("test_it")
    """)
    for arguments in (["--recordings=record"], []):
        done = await project.run(*arguments)
        assert done.outcomes() == {"passed": 1}, done.out
        assert "not used" not in done.out
    assert (service.asked, project.recordings()) == (1, [ONE_FILE])


async def test_a_run_of_pytest_imports_no_runtime(project):
    (project.path / "test_light.py").write_text(
        "import sys\n"
        "def test_light():\n"
        "    loaded = {name for name in sys.modules if name.startswith('modelwire')}\n"
        "    own = {name for name in loaded if name.startswith('modelwire_cache')}\n"
        "    assert own == {'modelwire_cache', 'modelwire_cache.names',\n"
        "                   'modelwire_cache.pytest_plugin', 'modelwire_cache.unused'}\n"
        "    assert not loaded & {'modelwire.runtime', 'modelwire.config', 'modelwire.events',\n"
        "                         'modelwire.messages', 'modelwire.transport', 'modelwire.files'}\n"
        "    assert not {'attr', 'cattrs', 'aiohttp', 'asyncio'} & set(sys.modules)\n"
    )
    done = await project.run(plugins=["modelwire-recordings"], fresh=True)
    assert done.outcomes()["passed"] == 1, done.out
