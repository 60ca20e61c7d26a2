"""Every wire is in every test of reliability: each plugin's API has a row, and each test has all rows."""

import importlib.metadata
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from each_wire import EACH_WIRE
from wires import STAGES, WIRES, WITHOUT_A_WIRE

TESTS = Path(__file__).resolve().parents[1]
FILES = (
    "reliability/test_fault_matrix.py",
    "reliability/test_same_errors.py",
    "reliability/test_deadlines.py",
    "reliability/test_cancellation.py",
    "reliability/test_load.py",
    "reliability/test_first_burst.py",
    "reliability/test_left_streams.py",
    "reliability/test_secrets.py",
    "fuzz/test_fuzz.py",
    "fuzz/test_wrong_values.py",
    "test_hostile_answers.py",
    "test_terminal_output.py",
)
"""The tests of what comes over a wire."""

EXCEPT = {
    "test_an_error_in_json_with_success_is_what_it_says": "AWS reports failures in frames",
    "test_json_that_says_what_failed_is_a_failure_of_the_service": "likewise",
    "test_a_reconnection_time_without_end_means_nothing": "AWS's framing has none",
    "test_a_text_that_is_a_number_is_the_services_fault": "test_wrong_values has it for all",
    "test_a_value_of_a_wrong_type_is_a_malformed_response_that_may_be_tried_again": "likewise",
}
"""Tests for some wires only, and why."""


def without_a_row(apis):
    """The APIs that are in no test of reliability."""
    return set(apis) - {wire.api for wire in WIRES} - WITHOUT_A_WIRE


def test_every_api_of_the_plugins_of_this_repository_has_a_row():
    own = {path.parent.name for path in TESTS.parent.glob("plugins/*/pyproject.toml")}
    claimed = {
        point.name
        for point in importlib.metadata.entry_points(group="modelwire.apis")
        if point.dist is not None and point.dist.name.removeprefix("modelwire-") in own
    }
    assert len(claimed) >= 5
    assert without_a_row(claimed) == set()
    assert {*(wire.api for wire in WIRES), *WITHOUT_A_WIRE} == claimed, "a row for no API"


def test_an_api_without_a_row_is_found():
    assert without_a_row(["openai-completions", "acme-chat"]) == {"acme-chat"}


@pytest.mark.parametrize("wire", EACH_WIRE)
def test_a_row_has_its_stages_in_order(wire):
    places = [wire.at[stage] for stage in STAGES if stage in wire.at]
    assert places == sorted(set(places))
    assert set(STAGES) - set(wire.at) <= {"before usage"}


@pytest.mark.extensive("it collects the tests of reliability again")
def test_each_test_that_takes_a_wire_takes_all_of_them():
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    collected = subprocess.run(
        [*command, *(str(TESTS / name) for name in FILES)],
        capture_output=True,
        text=True,
        cwd=TESTS.parent,
    )
    assert collected.returncode == 0, collected.stdout[-2000:]
    apis = {wire.api for wire in WIRES}
    found = defaultdict(set)
    for line in collected.stdout.splitlines():
        if match := re.match(r"tests/(\S+?)::([\w:]+)\[(.+)\]$", line):
            file, test, case = match.groups()
            found[file, test] |= {api for api in apis if api in case}
    some = {place: seen for place, seen in found.items() if seen}
    assert {file for file, _ in some} == set(FILES)
    assert {
        test: seen for (_, test), seen in some.items() if seen != apis and test not in EXCEPT
    } == {}
