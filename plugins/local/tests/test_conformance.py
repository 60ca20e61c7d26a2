"""The embedded model, held against the rules of the conformance kit that need no scripted server."""

import pytest

from modelwire.testing import provider_suite
from modelwire_local.models import find_weights

if find_weights() is None:
    pytest.skip("the weights of the embedded model are not installed", allow_module_level=True)

TestEmbedded = provider_suite(
    "local",
    model="smollm2-135m-instruct",
    embedding_model="smollm2-135m-instruct",
    abilities={"discovery", "embeddings", "max_tokens", "schemas", "tool_choice", "tools"},
)
