"""The oldest versions that the packages accept of what they require are old enough to be installed, and work."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from foreign_clients import python_with
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PACKAGES = [ROOT / "core", *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]
TOOLS = [
    *("pytest", "pytest-asyncio", "pytest-timeout", "pytest-xdist", "hypothesis", "trustme"),
    *("trio", "jsonschema", "pexpect", "pyte", "anyio", "opentelemetry-sdk"),
]
SUITES = [
    *("core/tests/registry", "core/tests/tools", "core/tests/cli/batch", "plugins/otel/tests"),
    *("plugins/anthropic/tests", "plugins/openai/tests/test_conformance.py"),
    *("plugins/bedrock/tests/streaming", "plugins/bedrock/tests/converse"),
    *("plugins/cache/tests/test_replay.py", "plugins/gateway/tests/test_groups.py"),
    "plugins/gateway/tests/hostile/test_connections.py",
]
NEWEST = [
    # It compares with what the installed botocore knows of the service.
    "plugins/bedrock/tests/converse/test_passages.py",
    # It watches the folders in which packages are installed.
    "core/tests/registry/test_metadata.py",
]
"""Files of these suites that need the newest versions, or an environment that nothing else uses."""

OPTIONS = [
    *(f"--deselect={file}" for file in NEWEST),
    *("-q", "-n", "2", "--dist", "loadfile", "--tb=short", "-m", "not extensive"),
    *("-o", "filterwarnings=default"),  # old versions may warn of what has changed since
]

pytestmark = [
    pytest.mark.timeout(1200),
    pytest.mark.extensive("it fills an environment with old versions, and runs tests there"),
]


def floors():
    """The highest floor of each package that ours require, as versions by name."""
    found = {}
    for package in PACKAGES:
        project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
        extras = project.get("optional-dependencies", {}).values()
        for text in [*project["dependencies"], *(text for extra in extras for text in extra)]:
            requirement = Requirement(text)
            name = canonicalize_name(requirement.name)
            if not name.startswith("modelwire") and name not in TOOLS:
                (floor,) = (Version(each.version) for each in requirement.specifier)
                found[name] = max(floor, found.get(name, floor))
    return found


def _python_with(wanted):
    try:
        return python_with("floors", wanted)
    except pytest.skip.Exception as skipped:
        reason = str(skipped)
    if re.search(r"\(from versions: (?!none)|conflict", reason):
        pytest.fail(f"There are no such versions, or not together: {reason}")
    pytest.skip(reason)


def test_packages_work_with_the_oldest_versions_that_they_accept(tmp_path):
    wanted = tmp_path / "requirements.txt"
    lines = [f"{name}=={version}" for name, version in floors().items()]
    lines += [f"-e {package}" for package in PACKAGES]
    wanted.write_text("\n".join([*lines, *TOOLS, ""]))
    python = _python_with(wanted)

    done = subprocess.run(
        [python, "-m", "pytest", *OPTIONS, *SUITES],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
    )

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 1000
