"""The Bedrock emulator, and a model of Strands that is answered by it."""

import pytest

from modelwire_bedrock.emulator import Emulator
from modelwire_strands import ModelwireModel

SONNET = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.fixture
def emulator(monkeypatch):
    with Emulator() as emulator:
        for name, value in emulator.environ().items():
            monkeypatch.setenv(name, value)
        yield emulator


@pytest.fixture
def model(emulator):
    return ModelwireModel(SONNET, config={})
