"""The kit itself: what it says of a good plugin, of one that is not there, and in its files."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from modelwire.testing import provider_suite

DOCS = Path(__file__).parents[3] / "docs"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def good(workshop):
    """The whole suite over the plugin of the template, untouched."""
    node = workshop.plugin("acme")
    files = [f"--modelwire-badge={workshop.folder / 'badge.svg'}", "-rs"]
    return workshop.run(node, options=files)


def test_a_good_plugin_keeps_every_rule(good):
    assert good.status == 0, good.printed
    assert good.suites["TestAcme"]["conforms"]
    outcomes = [rule["outcome"] for rule in good.suites["TestAcme"]["rules"]]
    assert outcomes.count("passed") > 70
    assert "failed" not in outcomes


@pytest.mark.extensive("it runs the whole kit on another good plugin")
def test_a_provider_that_speaks_json_lines_keeps_every_rule(workshop):
    good = "headers=account.headers"
    changes = [("client.py", good, f"{good}, lines=True")]
    node = workshop.plugin("lines", changes)
    suite = workshop.folder / "lines" / "tests" / "test_conformance.py"
    suite.write_text(suite.read_text().replace("SseWire", "JsonLinesWire"))
    outcome = workshop.run(node)
    assert outcome.status == 0, outcome.printed
    rules = {rule["rule"]: rule for rule in outcome.suites["TestLines"]["rules"]}
    skipped = rules["test_what_sse_allows_is_understood"]
    assert skipped["reason"] == "the wire does not speak server-sent events"


def test_a_summary_says_so_at_the_end(good):
    rules = [rule["outcome"] for rule in good.suites["TestAcme"]["rules"]]
    kept, skipped = rules.count("passed"), rules.count("skipped")
    line = f"acme (TestAcme) conforms: {kept} rules kept, {skipped} do not apply"
    assert line in good.printed.splitlines()
    assert line in (DOCS / "testing-a-plugin.md").read_text()


def test_a_rule_that_does_not_apply_says_why(good):
    skipped = [r for r in good.suites["TestAcme"]["rules"] if r["outcome"] == "skipped"]
    assert skipped
    assert all(rule["reason"] for rule in skipped)
    assert sum("acme does not declare the ability" in rule["reason"] for rule in skipped) >= 5


def test_the_badge_is_a_picture(good, workshop):
    badge = ET.parse(workshop.folder / "badge.svg").getroot()
    assert badge.tag.endswith("svg")
    assert badge.get("aria-label").startswith("modelwire: conforms")


def test_a_plugin_that_is_not_installed_fails_with_what_to_do(workshop):
    suite = workshop.folder / "test_nobody.py"
    suite.write_text(
        "from modelwire.testing import provider_suite\nTestNobody = provider_suite('nobody')\n"
    )
    rule = "test_it_is_found_by_its_entry_point_and_loads"
    outcome = workshop.run(f"test_nobody.py::TestNobody::{rule}")
    found = outcome.of("TestNobody", rule)
    assert found["outcome"] == "failed"
    assert "No installed plugin provides 'nobody'" in found["reason"]


def test_reports_and_badges_come_in_the_form_of_their_files_name(workshop):
    node = workshop.plugin("forms")
    rule = "test_text_comes_whole"
    markdown, badge = workshop.folder / "report.md", workshop.folder / "badge.json"
    workshop.run(
        f"{node}::{rule}",
        options=[f"--modelwire-report={markdown}", f"--modelwire-badge={badge}"],
    )
    assert f"| {rule} | passed |  |" in markdown.read_text()
    shields = json.loads(badge.read_text())
    assert shields["schemaVersion"] == 1
    assert (shields["message"], shields["color"]) == ("conforms (1 rules)", "brightgreen")


def test_a_run_without_suites_says_nothing(workshop):
    (workshop.folder / "test_other.py").write_text("def test_it():\n    pass\n")
    assert "conformance" not in workshop.run("test_other.py").printed


def test_an_ability_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="Unknown ability 'flying'"):
        provider_suite("acme", abilities={"flying"})
