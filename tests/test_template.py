"""A plugin that `modelwire plugin new` wrote is whole: it installs, passes its tests and answers."""

import json
import subprocess
from pathlib import Path

import pytest
from clean_venv import build_wheels, environ_of, install, make_venv, run

# Building wheels and filling an environment takes as long as the package index does.
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.extensive("it builds a wheel, and installs it in a new environment"),
]

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """An environment with the core as a user gets it, and the tools that the template asks for."""
    wheels = build_wheels(tmp_path_factory.mktemp("wheels"), ROOT / "core")
    tools = ("pytest", "hatchling", "mypy", "ruff", "build")
    return make_venv(tmp_path_factory.mktemp("clean"), *wheels, *tools)


@pytest.fixture(scope="module")
def written(clean, tmp_path_factory):
    """The package, written and installed from its own wheel, with not one character changed."""
    home = tmp_path_factory.mktemp("home")
    environ = environ_of(clean, home)
    run(clean / "modelwire", "plugin", "new", "acme-cloud", env=environ, cwd=home)
    folder = home / "modelwire-acme-cloud"
    build = ("-m", "build", "--wheel", "--no-isolation", "--outdir", home / "dist", folder)
    run(clean / "python", *build, env=environ)
    install(clean, *(home / "dist").glob("*.whl"))
    return folder


@pytest.fixture
def environ(clean, tmp_path):
    return {**environ_of(clean, tmp_path), "ACME_CLOUD_API_KEY": "demo"}


@pytest.fixture
def demo(clean, written, environ, tmp_path):
    """The server that comes with the plugin, on a free port, and a configuration that names it."""
    command = [clean / "python", "-m", "modelwire_acme_cloud.demo", "0"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as server:
        try:
            address = server.stdout.readline().removeprefix("Listening on ").strip()
            assert address.startswith("http://127.0.0.1:")
            providers = {"acme-cloud": {"baseUrl": address}}
            config = json.dumps({"models": {"providers": providers}})
            (tmp_path / "modelwire.json5").write_text(config)
            environ["MODELWIRE_TRUST"] = str(tmp_path)
            yield
        finally:
            server.terminate()


def test_it_is_a_plugin_like_any_other(clean, written, environ, tmp_path):
    listed = run(clean / "modelwire", "plugins", "list", env=environ, cwd=tmp_path)
    assert "modelwire-acme-cloud 0.1.0  ok\n  providers: acme-cloud" in listed


def test_it_passes_its_own_tests(clean, written, environ, tmp_path):
    report = tmp_path / "report.json"
    command = ("-m", "pytest", "-q", "-W", "error", f"--modelwire-report={report}")
    printed = run(clean / "python", *command, env=environ, cwd=written)
    assert "acme-cloud (TestAcmeCloud) conforms" in printed
    (suite,) = json.loads(report.read_text())["suites"]
    assert suite["conforms"]
    assert sum(rule["outcome"] == "passed" for rule in suite["rules"]) > 70


def test_it_is_typed_and_tidy(clean, written, environ):
    for command in (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)):
        run(clean / command[0], *command[1:], env=environ, cwd=written)


def test_it_answers_over_http(clean, demo, environ, tmp_path):
    complete = ("complete", "--model", "acme-cloud/echo")
    said = run(clean / "modelwire", *complete, "Hello, you there", env=environ, cwd=tmp_path)
    assert said == "Hello, you there\n"
    limited = (*complete, "--json", "--max-tokens", "2", "one two three")
    message = json.loads(run(clean / "modelwire", *limited, env=environ, cwd=tmp_path))
    assert (message["stopReason"], message["content"][0]["text"]) == ("length", "one two")
    assert (message["usage"]["input"], message["usage"]["output"]) == (3, 2)


def test_its_models_are_listed(clean, demo, environ, tmp_path):
    listed = run(clean / "modelwire", "models", "list", "--plain", env=environ, cwd=tmp_path)
    assert listed == "acme-cloud/echo\n"


def test_without_a_key_it_says_what_to_do(clean, written, environ, tmp_path):
    del environ["ACME_CLOUD_API_KEY"]
    command = [clean / "modelwire", "complete", "--model", "acme-cloud/echo", "Hello"]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Set ACME_CLOUD_API_KEY" in done.stderr
    assert "Traceback" not in done.stderr


def test_its_readme_says_what_is_so(written):
    text = (written / "README.md").read_text()
    assert "acme" not in text.lower().replace("acme-cloud", "").replace("acme cloud", "").replace(
        "acme_cloud", ""
    )
    for line in text.splitlines():
        if line.startswith("| `"):
            assert (written / line.split("`")[1]).is_file()
