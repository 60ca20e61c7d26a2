"""The contract with plugins: what is public is listed, and what was built against it goes on working."""

import difflib
import inspect
import json
import subprocess
import textwrap
from pathlib import Path

import pytest
from clean_venv import build_wheels, environ_of, make_venv, run
from public_api import LISTED, public_api, public_signatures

# Building wheels and filling an environment takes as long as the package index does.
pytestmark = pytest.mark.timeout(900)

ROOT = Path(__file__).parents[1]

# Written against the contract as it is today, with every argument of every hook.
OLD = """
    from modelwire.events import BlockEnd, Stop, TextDelta, UsageReport
    from modelwire.hookspecs import CredentialStatus, hookimpl
    from modelwire.messages import StopReason, Usage
    from modelwire.models import Model

    @hookimpl
    def detect_credentials(provider, config, probe, timeout):
        return CredentialStatus("usable", source="none needed")

    @hookimpl
    async def discover_models(provider, settings, config, transport):
        return [Model(provider.id, "m", name="The one")]

    @hookimpl
    async def stream_completion(model, context, options, provider, config, transport):
        yield TextDelta(0, f"{model.ref} heard: {context.messages[-1].content[0].text}")
        yield BlockEnd(0)
        yield UsageReport(Usage(1, 2))
        yield Stop(StopReason.STOP)
"""

# Knows an argument that a core of tomorrow has.
NEW = """
    from modelwire.events import Stop, TextDelta
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import StopReason

    @hookimpl
    async def stream_completion(audience):
        yield TextDelta(0, f"for {audience}")
        yield Stop(StopReason.STOP)
"""

CRACKED = """
    import a_module_that_nobody_has
"""

MISSPELT = """
    from modelwire.hookspecs import hookimpl

    @hookimpl
    async def stream_completions(model):
        yield None
"""

RUDE = """
    from modelwire.hookspecs import hookimpl

    @hookimpl
    def detect_credentials():
        raise SystemExit(3)

    @hookimpl
    async def discover_models():
        raise KeyError("sk-secret")

    @hookimpl
    async def stream_completion(model):
        raise SystemExit(3) if model.id == "exit" else KeyError("sk-secret")
        yield
"""

PLUGINS = {"old": OLD, "new": NEW, "cracked": CRACKED, "misspelt": MISSPELT, "rude": RUDE}

PYPROJECT = """
[build-system]
requires = ["hatchling>=1.26"]
build-backend = "hatchling.build"

[project]
name = "modelwire-{name}"
version = "1.0"
dependencies = ["modelwire"]

[project.entry-points."modelwire.providers"]
{name} = "modelwire_{name}"
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The core and the plugins, each built from its sources."""
    sources = [ROOT / "core"]
    for name, code in PLUGINS.items():
        source = tmp_path_factory.mktemp(f"modelwire-{name}")
        (source / "pyproject.toml").write_text(PYPROJECT.format(name=name))
        (source / f"modelwire_{name}.py").write_text(textwrap.dedent(code))
        sources.append(source)
    return build_wheels(tmp_path_factory.mktemp("wheels"), *sources)


@pytest.fixture(scope="module")
def today(wheels, tmp_path_factory):
    """The core as it is, with all the plugins."""
    return make_venv(tmp_path_factory.mktemp("today"), *wheels)


@pytest.fixture(scope="module")
def tomorrow(wheels, tmp_path_factory):
    """The same, but that the hook `stream_completion` has gained an argument."""
    programs = make_venv(tmp_path_factory.mktemp("tomorrow"), *wheels)
    where = run(programs / "python", "-c", "import modelwire; print(modelwire.__path__[0])")
    package = Path(where.strip())
    change(
        package / "hookspecs" / "specs.py",
        "    apis: OtherApis,\n) -> AsyncIterator",
        "    apis: OtherApis,\n    audience: str,\n) -> AsyncIterator",
    )
    change(
        package / "runtime" / "completion.py",
        "            transport=transport,\n",
        "            transport=transport,\n            audience='grown-ups',\n",
    )
    return programs


def change(file, old, new):
    text = file.read_text()
    assert text.count(old) == 1, f"{file} has changed; adapt this test"
    file.write_text(text.replace(old, new))


@pytest.fixture
def ask(tmp_path):
    def run_modelwire(programs, *arguments):
        return subprocess.run(
            [programs / "modelwire", *arguments],
            env=environ_of(programs, tmp_path),
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    return run_modelwire


@pytest.mark.extensive("it installs wheels in new environments")
@pytest.mark.parametrize("core", ["today", "tomorrow"])
def test_a_plugin_of_today_answers_today_and_when_a_hook_has_gained_an_argument(request, core, ask):
    programs = request.getfixturevalue(core)
    done = ask(programs, "complete", "--model", "old/m", "Hello")
    assert (done.returncode, done.stdout) == (0, "old/m heard: Hello\n")
    assert "old/m" in ask(programs, "models", "list", "--plain").stdout.splitlines()


@pytest.mark.extensive("it installs wheels in new environments")
def test_a_plugin_that_wants_the_new_argument_gets_it(tomorrow, ask):
    done = ask(tomorrow, "complete", "--model", "new/m", "Hello")
    assert (done.returncode, done.stdout) == (0, "for grown-ups\n")


@pytest.mark.extensive("it installs wheels in new environments")
def test_a_plugin_that_wants_more_than_this_core_has_is_set_aside_with_the_reason(today, ask):
    done = ask(today, "complete", "--model", "new/m", "Hello")
    assert done.returncode == 1
    assert "modelwire-new does not follow the plugin contract" in done.stderr
    assert "audience" in done.stderr


@pytest.mark.extensive("it installs wheels in new environments")
def test_broken_plugins_are_set_aside_each_with_its_reason(today, ask):
    told = json.loads(ask(today, "plugins", "list", "--json").stdout)["plugins"]
    found = {plugin["distribution"]: plugin for plugin in told}
    assert found["modelwire-old"]["state"] == "loaded"
    assert found["modelwire-cracked"]["state"] == "quarantined"
    assert "a_module_that_nobody_has" in found["modelwire-cracked"]["reasons"][0]
    assert found["modelwire-misspelt"]["state"] == "quarantined"
    assert "stream_completions" in found["modelwire-misspelt"]["reasons"][0]


@pytest.mark.extensive("it installs wheels in new environments")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cracked", "a_module_that_nobody_has"),
        ("misspelt", "stream_completions"),
        ("rude", "modelwire-rude failed while answering"),
        ("rude/exit", "modelwire-rude failed while answering"),
    ],
)
def test_a_broken_plugin_that_is_asked_says_why_and_gives_nothing_away(today, ask, name, reason):
    model = name if "/" in name else f"{name}/m"
    done = ask(today, "complete", "--model", model, "Hello")
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert "sk-secret" not in done.stdout + done.stderr


@pytest.mark.extensive("it installs wheels in new environments")
def test_broken_plugins_keep_no_other_from_being_listed(today, ask):
    done = ask(today, "models", "list", "--plain")
    assert "old/m" in done.stdout.splitlines()
    assert "sk-secret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_public_is_what_is_listed():
    listed, found = LISTED.read_text().splitlines(), public_api().splitlines()
    changes = [
        line
        for line in difflib.unified_diff(listed, found, "listed", "found", lineterm="", n=0)
        if not line.startswith("@@")
    ]
    assert not changes, (
        "The public names have changed. If that is meant, and no plugin breaks by it, run "
        "`python tests/support/public_api.py`.\n" + "\n".join(changes)
    )


def test_no_public_signature_takes_just_any_keyword():
    signatures = list(public_signatures())
    assert len(signatures) > 300
    untyped = [
        f"{name}(**{parameter.name})"
        for name, signature in signatures
        for parameter in signature.parameters.values()
        if parameter.kind is parameter.VAR_KEYWORD
        and (
            parameter.annotation is inspect.Parameter.empty
            or str(parameter.annotation).rpartition(".")[2] == "Any"
        )
    ]
    assert untyped == []
