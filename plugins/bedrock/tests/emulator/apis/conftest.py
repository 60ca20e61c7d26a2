"""The APIs of the emulator, each at one endpoint."""

import pytest
from bedrock_apis import PLACES


@pytest.fixture(params=PLACES)
def place(request):
    return PLACES[request.param]
