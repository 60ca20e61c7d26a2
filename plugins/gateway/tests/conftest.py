"""A gateway in front of the Bedrock emulator."""

import pytest
from gateway_server import serving

from modelwire_bedrock.emulator import Emulator


@pytest.fixture
def emulator():
    with Emulator() as made:
        yield made


@pytest.fixture
async def gateway(emulator, tmp_path):
    async with serving(emulator, tmp_path) as made:
        yield made
