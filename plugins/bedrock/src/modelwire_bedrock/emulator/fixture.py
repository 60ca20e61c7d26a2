"""The pytest fixture `bedrock_emulator`, offered wherever this package is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from modelwire_bedrock.emulator.server import Emulator

__all__ = ["bedrock_emulator"]


@pytest.fixture
def bedrock_emulator() -> Iterator[Emulator]:
    """Amazon Bedrock on a free port of this machine, for one test.

    `bedrock_emulator.answer(...)` says what comes next, `bedrock_emulator.requests` holds the
    requests received, `bedrock_emulator.client_options()` are arguments for `boto3.client`.
    """
    from modelwire_bedrock.emulator.server import Emulator

    with Emulator() as emulator:
        yield emulator
