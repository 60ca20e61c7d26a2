"""What the tests over several packages share."""

import pytest

from modelwire_bedrock.emulator import Emulator


@pytest.fixture
def calling_emulator():
    """Amazon Bedrock on a port of this machine, which calls the tools that it is offered."""
    with Emulator() as emulator:
        yield emulator
