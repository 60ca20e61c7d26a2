"""The doors of the emulator: one API at one endpoint each."""

import pytest
from bedrock_doors import PLACES


@pytest.fixture(params=PLACES)
def place(request):
    return PLACES[request.param]
