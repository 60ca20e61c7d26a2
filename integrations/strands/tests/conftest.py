"""The Bedrock emulator, and a model of Strands that is answered by it."""

import pytest

from modelwire_bedrock.emulator import Emulator

SONNET = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.fixture
def emulator(monkeypatch):
    with Emulator() as emulator:
        for name, value in emulator.environ().items():
            monkeypatch.setenv(name, value)
        yield emulator


@pytest.fixture
def model(emulator):
    # Imported here, since each process of a run reads this file, also the one that hands out the tests.
    from modelwire_strands import ModelwireModel

    return ModelwireModel(SONNET, config={})
