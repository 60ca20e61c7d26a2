"""The Bedrock emulator, and a model provider of the OpenAI Agents SDK that is answered by it."""

import pytest

from modelwire_bedrock.emulator import Emulator


@pytest.fixture(autouse=True)
def _spans_go_nowhere():
    """OpenAI's own processor sends them to its service."""
    from agents import set_trace_processors

    set_trace_processors([])


@pytest.fixture
def emulator(monkeypatch):
    with Emulator() as emulator:
        for name, value in emulator.environ().items():
            monkeypatch.setenv(name, value)
        yield emulator


@pytest.fixture
async def provider(emulator):
    # Imported here, since each process of a run reads this file, also the one that hands out the tests.
    from modelwire_openai_agents import ModelwireProvider

    async with ModelwireProvider(config={}) as provider:
        yield provider
