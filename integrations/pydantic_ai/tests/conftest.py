"""The Bedrock emulator, and a model of pydantic-ai that is answered by it."""

import pytest

from modelwire_bedrock.emulator import Emulator
from modelwire_pydantic_ai import ModelwireModel

SONNET = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.fixture
def emulator(monkeypatch):
    with Emulator() as emulator:
        for name, value in emulator.environ().items():
            monkeypatch.setenv(name, value)
        yield emulator


@pytest.fixture
async def model(emulator):
    async with ModelwireModel(SONNET, config={}) as model:
        yield model
