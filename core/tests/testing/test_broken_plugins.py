"""A plugin with a mistake fails the conformance kit, by the name of the rule that it breaks."""

import pytest
from bad_parts import BAD_PARTS
from mistakes import MISTAKES, UNTRUE

from modelwire.cli.plugin.names import PluginNames
from modelwire.testing.rules.batch_jobs import BatchJobRules
from modelwire.testing.rules.embeddings import EmbeddingRules

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def outcome(workshop):
    """What pytest says of all the bad plugins, each with the rule that it breaks."""
    nodes = []
    for mistake in MISTAKES:
        changes = [(mistake.file, mistake.good, mistake.bad)]
        api = "def _api(account"
        changes.append(("client.py", api, f"{BAD_PARTS}\n\n{api}"))
        usage = "\n\ndef _usage_of("
        changes.append(("chat/stream.py", usage, f"\n\n_ALL = []\n{usage}"))
        nodes.append(f"{workshop.plugin(mistake.name, changes)}::{mistake.rule}")
    for ability, rule in UNTRUE.items():
        name = f"no-{ability.replace('_', '-')}"
        nodes.append(f"{workshop.plugin(name, abilities=[ability])}::{rule}")
    return workshop.run_side_by_side(nodes, options=["--modelwire-patience=3"])


def suite_of(name):
    return f"Test{PluginNames.parse(name).camel}"


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_fails_by_the_name_of_its_rule(outcome, mistake):
    found = outcome.of(suite_of(mistake.name), mistake.rule)
    assert found["outcome"] == "failed"
    assert found["reason"]


def test_what_is_imported_on_the_event_loop_is_named(outcome):
    rule = "test_a_first_call_imports_nothing_on_the_event_loop[stream_completion]"
    reason = outcome.of(suite_of("cold-stream"), rule)["reason"]
    named = reason.partition("but imported ")[2].partition(";")[0].split(", ")
    chat = "modelwire_cold_stream.chat"
    assert {chat, f"{chat}.completion", f"{chat}.request", f"{chat}.stream"} <= {*named}


@pytest.mark.parametrize(("ability", "rule"), UNTRUE.items())
def test_an_ability_that_is_declared_and_not_there_fails(outcome, ability, rule):
    found = outcome.of(suite_of(f"no-{ability.replace('_', '-')}"), rule)
    assert found["outcome"] == "failed"


def test_every_rule_that_a_plugin_can_break_is_broken_by_one():
    import inspect

    from modelwire.testing import provider_suite

    suite = provider_suite("anybody")
    rules = {name for name, _ in inspect.getmembers(suite) if name.startswith("test_")}
    broken = {m.rule.partition("[")[0] for m in MISTAKES} | {
        rule.partition("[")[0] for rule in UNTRUE.values()
    }
    beyond_the_template = {
        "test_a_limit_on_tokens_is_kept",  # of models without a wire
        "test_a_demanded_tool_is_called",  # likewise
        "test_an_answer_follows_its_schema",  # likewise
        "test_no_tool_is_called_where_none_may_be",  # likewise
        "test_a_signature_is_kept_and_given_back",  # the template's provider does not think
        "test_it_is_found_by_its_entry_point_and_loads",  # see test_kit.py
        "test_recorded_traffic_is_understood",  # see test_recordings.py
        "test_the_deadline_for_the_whole_answer_is_kept",  # kept by the runtime for everybody
    }
    # These have files of their own: test_broken_embeddings.py and test_broken_batch_jobs.py.
    elsewhere = {
        name
        for group in (EmbeddingRules, BatchJobRules)
        for name in vars(group)
        if name.startswith("test_")
    }
    assert rules - broken - elsewhere == beyond_the_template
