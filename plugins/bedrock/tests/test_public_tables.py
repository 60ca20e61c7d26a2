"""The table of sizes against a public one: what differs has a reason, or is news."""

from __future__ import annotations

import re

import pytest

from modelwire_bedrock.models.families import UNKNOWN, family_of
from modelwire_bedrock.models.limits import UNKNOWN_LIMITS, limits_of

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
