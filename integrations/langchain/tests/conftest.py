"""The Bedrock emulator, and a configuration that reaches it."""

import pytest

from modelwire_bedrock.emulator import Emulator


@pytest.fixture
def emulator(monkeypatch):
    with Emulator() as emulator:
        for name, value in emulator.environ().items():
            monkeypatch.setenv(name, value)
        yield emulator
