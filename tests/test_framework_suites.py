"""Agents of frameworks pass their frameworks' own tests, with a model of ours in place of the scripted one.

A suite is in the source archive of its framework, which comes from the package index, as do the packages
that it runs with; nothing of it is kept here. A plugin of the integration has the answers of each script
asked of the Bedrock emulator, over HTTP. What is left out is in `left_out.toml`, with the reason.

pydantic-ai and LangChain have no tests in their archives: the integrations test scenarios of agents
instead, and LangChain's standard suites.
"""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
from integration_venvs import INTEGRATIONS, python_beside

ENVIRONMENTS = INTEGRATIONS.parent / ".venv-bench"
SUPPORT = Path(__file__).parent / "support"
SUITES = {
    folder.parents[1].name: folder for folder in sorted(INTEGRATIONS.glob("*/tests/framework"))
}
LEAST = {"openai_agents": (850, 900), "strands": (1_150, 550)}
"""The least that pass, and the least answers that come over the wire."""

# Filling an environment takes as long as the package index does.
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.extensive("it fills environments with frameworks, and runs their suites"),
]


def archive(folder, name):
    """The unpacked source archive of a framework, as new as its packages are pinned."""
    pin = (folder / "packages.txt").read_text().split()[0]
    place = ENVIRONMENTS / f"source-{name}" / pin
    if not place.exists():
        fetched = place.with_name("fetched")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
        command = [*pip, "--no-binary", ":all:", "--dest", fetched, pin]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode:
            pytest.skip(f"{pin} cannot be downloaded: {done.stderr.splitlines()[-1:]}")
        (source,) = fetched.glob("*.tar.gz")
        with tarfile.open(source) as tar:
            tar.extractall(place, filter="data")
    (unpacked,) = place.iterdir()
    return unpacked


def modules(unpacked, listed):
    """The modules of a suite that use its scripted model, or those named, but for what is left out."""
    left = {module for paths in listed["modules"].values() for module in paths}
    found = {
        str(path.relative_to(unpacked))
        for path in (unpacked / "tests").rglob("test_*.py")
        if listed["scripted"] in path.read_text()
    }
    wanted = set(listed.get("run", found))
    assert left | wanted <= found, (left | wanted) - found
    return sorted(wanted - left)


@pytest.mark.parametrize("name", SUITES)
def test_their_scripted_agents_run_on_a_model_of_ours(name, tmp_path):
    folder = SUITES[name]
    listed = tomllib.loads((folder / "left_out.toml").read_text())
    python = python_beside(f"framework-{name}", folder / "packages.txt", name, tmp_path)
    unpacked = archive(folder, name)
    plugins = ("-p", "replayed_answers", "-p", "replayed")
    settings = ("-c", unpacked / "pyproject.toml", "-o", "addopts=", "--timeout=60")
    options = ("-q", "--tb=short", "-p", "no:cacheprovider", "-p", "no:inline_snapshot", *settings)

    done = subprocess.run(
        [python, "-m", "pytest", *options, *plugins, *modules(unpacked, listed)],
        cwd=unpacked,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(map(str, (folder, SUPPORT, unpacked))),
            "MODELWIRE_LEFT_OUT": str(folder / "left_out.toml"),
        },
        capture_output=True,
        text=True,
        timeout=600,
    )

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
    passed, replayed = (
        int(re.search(rf"(\d+) {word}", done.stdout)[1]) for word in ("passed", "replayed")
    )
    least_passed, least_replayed = LEAST[name]
    assert passed >= least_passed, done.stdout[-2000:]
    assert replayed >= least_replayed, done.stdout[-2000:]
