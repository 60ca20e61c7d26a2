"""The tables of sizes and prices against public ones: what differs has a reason, or is news.

The package genai-prices has context windows and prices, but no limits on answers. Those are compared
with the data of langchain-aws, where the tests of foreign clients have installed it.
"""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from modelwire_bedrock.emulator.catalogue import DEFAULT, load_catalogue
from modelwire_bedrock.models.families import UNKNOWN, base_model_id, family_of
from modelwire_bedrock.models.limits import UNKNOWN_LIMITS, limits_of
from modelwire_bedrock.models.prices import price_entry

snapshot = pytest.importorskip("genai_prices.data_snapshot")

TOLERANCE = 0.1
"""Share of the window by which tables differ that round in another way."""

REASONS = {
    "meta.llama4-scout": "no other source has ten million tokens on Bedrock",
    "mistral.ministral-3-3b": "langchain-aws's data has 256k",
    "mistral.mistral-large-2402": "the row speaks for the later releases, too",
    "writer.palmyra-x5": "a million is what its maker and AWS announce",
}
NO_CHAT = ("amazon.titan-embed", "amazon.nova-2-sonic", "amazon.nova-sonic", "cohere.embed")


def public_models():
    provider = next(each for each in snapshot.get_snapshot().providers if each.id == "aws")
    for model in provider.models:
        model_id = re.sub(r"^regional\.", "", model.id)
        if model.context_window and not model_id.startswith(NO_CHAT):
            yield model_id, model.context_window


def differences():
    found = {}
    for model_id, window in public_models():
        ours = limits_of(model_id).context_window
        if ours is not None and abs(ours - window) > TOLERANCE * window:
            found[model_id] = f"{model_id}: {ours} here, {window} there"
    return found


def test_a_size_that_differs_from_the_public_table_has_a_reason():
    unexplained = [
        text for name, text in differences().items() if not name.startswith(tuple(REASONS))
    ]
    assert not unexplained, "\n".join(unexplained)


def test_every_reason_still_explains_a_difference():
    names = list(differences())
    assert [start for start in REASONS if not any(name.startswith(start) for name in names)] == []


def test_every_model_of_the_public_table_has_a_row():
    missing = [
        name
        for name, _ in public_models()
        if limits_of(name) is UNKNOWN_LIMITS or family_of(name) is UNKNOWN
    ]
    assert missing == []


OUTPUT_REASONS = {
    "minimax.minimax-m2": "the row speaks for the later releases, too: the least of them",
    "qwen.qwen3-next-80b": "as much as its context window, so it is no limit of its own",
    "qwen.qwen3-vl-235b": "as much as its context window, so it is no limit of its own",
    "openai.gpt-oss-120b": "a model of 131,072 tokens in all cannot answer with as many",
    "openai.gpt-oss-20b": "a model of 131,072 tokens in all cannot answer with as many",
}
_INSTALLED = Path(__file__).parents[3] / ".venv-bench" / "client-langchain_aws"


@pytest.fixture(scope="module")
def output_differences():
    """What differs in the limits on answers, by bare ids."""
    found = next(_INSTALLED.glob("**/langchain_aws/data/_profiles.py"), None)
    if found is None:
        pytest.skip("langchain-aws is not installed; the tests of foreign clients install it")
    differing = {}
    for model_id, row in runpy.run_path(str(found))["_PROFILES"].items():
        ours, theirs = limits_of(model_id).max_tokens, row.get("max_output_tokens")
        if theirs and ours != theirs:
            differing[base_model_id(model_id)] = f"{model_id}: {ours} here, {theirs} there"
    return differing


def test_an_output_limit_that_differs_from_the_public_table_has_a_reason(output_differences):
    unexplained = [
        text
        for name, text in output_differences.items()
        if not name.startswith(tuple(OUTPUT_REASONS))
    ]
    assert not unexplained, "\n".join(unexplained)


def test_every_reason_still_explains_a_different_output_limit(output_differences):
    names = list(output_differences)
    starts = [start for start in OUTPUT_REASONS if not any(n.startswith(start) for n in names)]
    assert starts == []


def test_prices_are_those_of_the_public_table():
    """A profile of a geography costs what the table says of `regional`."""
    provider = next(each for each in snapshot.get_snapshot().providers if each.id == "aws")
    differing = []
    for model in provider.models:
        rows = model.prices if isinstance(model.prices, list) else [model.prices]
        if any(not hasattr(row, "input_mtok") for row in rows):
            continue  # the prices of the row change with the time of the call
        bare = model.id.removeprefix("regional.")
        called = f"us.{bare}" if bare != model.id else bare
        price = price_entry(called).prices
        given = [each for each in (rows[0].input_mtok, rows[0].output_mtok) if each is not None]
        wanted = [float(getattr(each, "base", each)) for each in given]
        ours = [price.input, price.output][: len(wanted)] if price is not None else None
        if ours != wanted:
            differing.append(f"{called}: {ours} here, {wanted} there")
    assert not differing, "\n".join(differing)


def test_of_one_model_every_profile_has_a_price_or_none_has():
    profiles: dict[str, dict[str, bool]] = {}
    for called in load_catalogue(DEFAULT).profiles:
        if called != base_model_id(called):
            priced = price_entry(called).prices is not None
            profiles.setdefault(base_model_id(called), {})[called] = priced
    assert profiles
    mixed = [known for known in profiles.values() if len(set(known.values())) > 1]
    assert not mixed, mixed
