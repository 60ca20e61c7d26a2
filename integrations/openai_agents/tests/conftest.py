"""The Bedrock emulator, and a model provider of the OpenAI Agents SDK that is answered by it."""

import pytest
from agents import set_trace_processors

from modelwire_bedrock.emulator import Emulator
from modelwire_openai_agents import ModelwireProvider


@pytest.fixture(autouse=True)
def _spans_go_nowhere():
    """OpenAI's own processor sends them to its service."""
    set_trace_processors([])


@pytest.fixture
def emulator(monkeypatch):
    with Emulator() as emulator:
        for name, value in emulator.environ().items():
            monkeypatch.setenv(name, value)
        yield emulator


@pytest.fixture
async def provider(emulator):
    async with ModelwireProvider(config={}) as provider:
        yield provider
