"""Where processes share the tests, the files that take longest are begun first, and stay whole."""

import subprocess
import sys
from pathlib import Path

from lean_pytest import ALONE

SUPPORT = Path(__file__).parent / "support"

FILES = {
    "few": "def test_one(): pass\n",
    "many": "def test_one(): pass\ndef test_two(): pass\n",
    "limited": (
        "import pytest\ndef test_one(): pass\n@pytest.mark.timeout(300)\ndef test_two(): pass\n"
    ),
    "long": "import pytest\npytestmark = pytest.mark.timeout(timeout=900)\ndef test_one(): pass\n",
}


def test_files_with_the_highest_limit_begin_first_and_then_those_with_most_tests(tmp_path):
    for name, text in FILES.items():
        (tmp_path / f"test_{name}.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    options = ["-v", "-n", "1", "--dist", "loadfile", "--no-loadscope-reorder"]
    plugins = ["-p", "xdist.plugin", "-p", "no:cacheprovider", "-p", "long_files_first"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *plugins],
        cwd=tmp_path,
        env={"PYTHONPATH": str(SUPPORT), **ALONE},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    begun = [line.split("PASSED ")[1] for line in done.stdout.splitlines() if "PASSED " in line]
    assert [test.strip() for test in begun] == [
        "test_long.py::test_one",
        "test_limited.py::test_one",
        "test_limited.py::test_two",
        "test_many.py::test_one",
        "test_many.py::test_two",
        "test_few.py::test_one",
    ]
