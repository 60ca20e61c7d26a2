"""The models of the second endpoint, `bedrock-mantle`, which has ids and regions of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

__all__ = ["MANTLE_REGIONS", "MantleModel", "read_mantle_model"]

MANTLE_REGIONS = (
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-west-1",
    "eu-west-2",
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "sa-east-1",
)
"""The commercial regions that have the endpoint: AWS's user guide and OpenClaw's list, November 2026.

`us-gov-west-1` has it too; which models are there is not known."""


@frozen
class MantleModel:
    """A model of the second endpoint.

    Attributes:
        id: Its id there; no inference profile has one.
        of: The id of the same model at the runtime endpoint; empty where it is missing.
        prefix: What the paths begin with that serve it: `/v1`, `/openai/v1` or `/anthropic/v1`.
        operations: The operations that it has there.
        regions: The regions that have it.
    """

    id: str
    of: str
    prefix: str
    operations: tuple[str, ...]
    regions: tuple[str, ...]

    def serves(self, region: str | None) -> bool:
        """Whether it is offered in a region; `None` is any."""
        return region is None or region in self.regions


_OPERATIONS = {"chat": "ChatCompletions", "responses": "Responses", "messages": "Messages"}


def read_mantle_model(entry: Mapping[str, Any]) -> MantleModel:
    """Read a model from plain data.

    Raises:
        KeyError: The entry lacks something, or names what is not known.
    """
    operations = [_OPERATIONS[name] for name in entry["apis"].split()]
    if "Messages" in operations:
        operations.append("CountMessageTokens")
    regions = entry.get("in", "all")
    return MantleModel(
        entry["id"],
        entry.get("of", ""),
        entry["path"],
        tuple(operations),
        MANTLE_REGIONS if regions == "all" else tuple(regions.split()),
    )
