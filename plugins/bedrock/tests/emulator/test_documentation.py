"""What the documentation shows works as it stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from lean_pytest import environ_with

from modelwire_bedrock.emulator import Scenario
from modelwire_bedrock.emulator.faults import SHORT_ERRORS, FaultKind

PAGE = Path(__file__).resolve().parents[4] / "docs" / "bedrock-emulator.md"


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text()


def example(page, name):
    return re.search(rf"<!-- test: {name} -->\n```\w+\n(.*?)```", page, re.DOTALL)[1]


def pytest_of(folder):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environ_with(["modelwire_bedrock.emulator.fixture"]),
    )


@pytest.mark.extensive("it runs projects of tests in processes of their own")
def test_the_example_of_ten_lines_is_a_test_that_passes(page, tmp_path):
    code = example(page, "fixture")
    (tmp_path / "test_agent.py").write_text(code)
    done = pytest_of(tmp_path)

    assert "1 passed" in done.stdout, done.stdout + done.stderr
    body = code[code.index("def test") :].strip().splitlines()
    assert len(body) <= 10


@pytest.mark.extensive("it runs projects of tests in processes of their own")
@pytest.mark.parametrize("name", ["apis", "synth"])
def test_the_examples_of_other_apis_and_of_tools_are_tests_that_pass(page, tmp_path, name):
    (tmp_path / "test_example.py").write_text(example(page, name))
    done = pytest_of(tmp_path)

    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_scenario_is_read(page, tmp_path):
    file = tmp_path / "scenario.json5"
    file.write_text(example(page, "scenario"))

    assert len(Scenario.from_file(file).steps) == 4


def test_every_fault_is_described(page):
    from typing import get_args

    table = page[page.index("## Faults") : page.index("## What is checked")]

    for kind in (*get_args(FaultKind), *SHORT_ERRORS):
        assert f"`{kind}`" in table


def test_every_option_is_described(page):
    from modelwire_bedrock.commands import emulate

    for option in emulate.params:
        assert option.opts[0] in page
