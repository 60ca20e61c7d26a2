"""A plugin that makes embeddings badly fails the conformance kit, by the rule that it breaks."""

import inspect

import pytest
from embedding_mistakes import EMBED, EMBEDDING_MISTAKES, VECTORS

from modelwire.cli.plugin.names import PluginNames
from modelwire.testing.rules.embeddings import EmbeddingRules

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.extensive("it runs the kit on many broken plugins"),
]

GOOD = "vectors-well"
RULES = sorted(name for name, _ in inspect.getmembers(EmbeddingRules) if name.startswith("test_"))


def suite_of(name):
    return f"Test{PluginNames.parse(name).camel}"


def plugin(workshop, name, mistake=None):
    """A plugin like the template's that makes embeddings, with a mistake in how it does."""
    source = EMBED.format(module=PluginNames.parse(name).module)
    if mistake is not None:
        assert mistake.good in source
        source = source.replace(mistake.good, mistake.bad, 1)
    changes = [
        ("plugin.py", "\n\n@hookimpl\ndef warm_up(", f"\n\n_LEFT = []\n{source}\n\n@hookimpl\ndef warm_up("),
        ("../../tests/test_conformance.py", "\n    def models(", VECTORS),
    ]  # fmt: skip
    return workshop.plugin(name, changes, abilities=["embeddings"])


@pytest.fixture(scope="module")
def outcome(workshop):
    """What pytest says of each bad plugin by the rule that it breaks."""
    nodes = [f"{plugin(workshop, each.name, each)}::{each.rule}" for each in EMBEDDING_MISTAKES]
    return workshop.run_side_by_side(nodes, options=["--modelwire-patience=3"])


def test_a_plugin_without_mistakes_keeps_every_rule(workshop):
    good = plugin(workshop, GOOD)
    nodes = [f"{good}::{rule}" for rule in RULES]
    nodes.append(f"{good}::test_a_first_call_imports_nothing_on_the_event_loop[embed]")
    outcome = workshop.run(*nodes, report="good.json")
    assert outcome.status == 0, outcome.printed
    rules = outcome.suites[suite_of(GOOD)]["rules"]
    skipped = {each["rule"] for each in rules if each["outcome"] == "skipped"}
    assert skipped == {"test_a_text_has_the_same_vector_at_any_place"}
    assert len(rules) > len(RULES)


@pytest.mark.parametrize("mistake", EMBEDDING_MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_fails_by_the_name_of_its_rule(outcome, mistake):
    found = outcome.of(suite_of(mistake.name), mistake.rule)
    assert found["outcome"] == "failed"
    assert found["reason"]


def test_every_rule_is_broken_by_a_plugin():
    broken = {mistake.rule.partition("[")[0] for mistake in EMBEDDING_MISTAKES}
    beyond_a_wire = {"test_a_text_has_the_same_vector_at_any_place"}
    assert set(RULES) - broken == beyond_a_wire
