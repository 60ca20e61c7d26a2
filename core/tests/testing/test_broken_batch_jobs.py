"""A plugin that runs batch jobs badly fails the conformance kit, by the rule that it breaks."""

import inspect

import pytest
from batch_job_mistakes import BATCH_JOB_MISTAKES, HOOK, JOBS, SERVICE, SERVICE_CLASS

from modelwire.cli.plugin.names import PluginNames
from modelwire.testing.rules.batch_jobs import BatchJobRules

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.extensive("it runs the kit on many broken plugins"),
]

GOOD = "jobs-well"
RULES = sorted(name for name, _ in inspect.getmembers(BatchJobRules) if name.startswith("test_"))
IMPORTS = "from modelwire.testing import ScriptedAnswer, SseWire"


def suite_of(name):
    return f"Test{PluginNames.parse(name).camel}"


def plugin(workshop, name, mistake=None):
    """A plugin like the template's that runs batch jobs, with a mistake in how it does."""
    names = PluginNames.parse(name)
    source = JOBS.format(module=names.module)
    if mistake is not None:
        assert mistake.good in source
        source = source.replace(mistake.good, mistake.bad, 1)
        source = source.replace(
            "        async for line in fetch_lines",
            "        at = 0\n        async for line in fetch_lines",
        )
    end = "    return stream_call(plan, transport, options.deadlines, provider=provider.id, model=model.id)\n"
    suite = "../../tests/test_conformance.py"
    changes = [
        ("chat/completion.py", end, end + source),
        ("plugin.py", "\n\n@hookimpl\ndef warm_up(", f"\n{HOOK.format(module=names.module)}\n\n@hookimpl\ndef warm_up("),
        (suite, "\n    def models(", SERVICE),
        (suite, f"\n\n{suite_of(name)} = ", f"{SERVICE_CLASS}{suite_of(name).removeprefix('Test')} = "),
        (suite, IMPORTS, "import json\n\nfrom modelwire.testing import BatchService, Reply, ScriptedAnswer, SseWire"),
    ]  # fmt: skip
    return workshop.plugin(name, changes, abilities=["batch_jobs"])


@pytest.fixture(scope="module")
def outcome(workshop):
    """What pytest says of each bad plugin by the rule that it breaks."""
    nodes = [f"{plugin(workshop, each.name, each)}::{each.rule}" for each in BATCH_JOB_MISTAKES]
    return workshop.run_side_by_side(nodes, options=["--modelwire-patience=3"])


def test_a_plugin_without_mistakes_keeps_every_rule(workshop):
    good = plugin(workshop, GOOD)
    nodes = [f"{good}::{rule}" for rule in RULES]
    nodes.append(f"{good}::test_a_first_call_imports_nothing_on_the_event_loop[batch_jobs]")
    outcome = workshop.run(*nodes, report="good.json")
    assert outcome.status == 0, outcome.printed
    rules = outcome.suites[suite_of(GOOD)]["rules"]
    assert {each["outcome"] for each in rules} == {"passed"}
    assert len(rules) > len(RULES)


@pytest.mark.parametrize("mistake", BATCH_JOB_MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_fails_by_the_name_of_its_rule(outcome, mistake):
    found = outcome.of(suite_of(mistake.name), mistake.rule)
    assert found["outcome"] == "failed"
    assert found["reason"]


def test_every_rule_is_broken_by_a_plugin():
    broken = {mistake.rule.partition("[")[0] for mistake in BATCH_JOB_MISTAKES}
    assert set(RULES) <= broken
