"""The types of the packages, and of users' programs: right ones pass, and mistakes are found.

This is `make types` as a test, so that it runs beside the others. The programs are in the folder
`programs`. A line there with `# type: ignore` is a mistake; both type checkers report it where it is none.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.timeout(900),  # so that it begins early where processes share the tests
    pytest.mark.extensive("a type checker reads everything, the frameworks included"),
]

ROOT = Path(__file__).parents[1]
PROGRAMS = ROOT / "tests" / "programs"


def run(*command, cwd=ROOT):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=800)


def test_mypy_accepts_the_packages():
    done = run(sys.executable, "-m", "mypy")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_mypy_accepts_the_programs():
    done = run(sys.executable, "-m", "mypy", str(PROGRAMS))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_pyright_accepts_the_programs(tmp_path):
    # basedpyright is pyright as a wheel; in the mode "standard" it reports what pyright does.
    settings = {
        "include": [str(PROGRAMS)],
        "typeCheckingMode": "standard",
        "enableTypeIgnoreComments": True,
        "reportUnnecessaryTypeIgnoreComment": "error",
        "pythonVersion": "3.11",
        "extraPaths": [str(ROOT / "core" / "src")],
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    pyright = Path(sys.executable).with_name("basedpyright")
    done = run(
        str(pyright), "--project", str(tmp_path), "--pythonpath", sys.executable, "--outputjson"
    )
    report = json.loads(done.stdout)
    found = [
        f"{Path(each['file']).name}:{each['range']['start']['line'] + 1}: {each['message']}"
        for each in report["generalDiagnostics"]
    ]
    assert found == []
    assert report["summary"]["filesAnalyzed"] == len(list(PROGRAMS.glob("*.py")))
