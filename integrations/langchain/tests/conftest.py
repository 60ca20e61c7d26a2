"""The Bedrock emulator, and a chat model that is answered by it."""

import asyncio

import pytest

from modelwire_bedrock.emulator import Emulator

collect_ignore = ["standard"]
"""LangChain's own suites, which run in an environment of theirs: `tests/test_integrations.py`."""

SONNET = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.fixture
def emulator(monkeypatch):
    with Emulator() as emulator:
        for name, value in emulator.environ().items():
            monkeypatch.setenv(name, value)
        yield emulator


@pytest.fixture
def chat(emulator):
    """Make chat models, which are closed in the end."""

    # Imported here, since each process of a run reads this file, also the one that hands out the tests.
    from modelwire_langchain import ChatModelwire

    def make(**options):
        made.append(ChatModelwire(**{"model": SONNET, "config": {}, **options}))
        return made[-1]

    made = []
    yield make
    for model in made:
        asyncio.run(model.aclose())


@pytest.fixture
def model(chat):
    return chat()
