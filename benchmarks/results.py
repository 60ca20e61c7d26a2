"""What a measurement hands back, and how it is written."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from attrs import Factory, define

__all__ = ["NAMES", "Bars", "Result", "Target", "milliseconds", "paired", "ratio", "table"]

NAMES = {
    "floor": "floor (aiohttp + typed decoder)",
    "modelwire": "**modelwire**",
    "floor:signed": "floor (aiohttp, signed beforehand)",
    "boto3": "boto3",
    "aiobotocore": "aiobotocore",
    "aws_sdk": "aws-sdk-bedrock-runtime",
    "pydantic_ai": "pydantic-ai",
    "strands": "strands",
    "langchain_aws": "langchain-aws",
    "any_llm": "any-llm",
    "litellm": "litellm",
    "llm": "llm",
    "modelwire_apis": "**modelwire**",
    "openai": "openai",
    "anthropic": "anthropic",
}


@define
class Target:
    """Something to be reached.

    Attributes:
        what: What it is about.
        figure: What was measured.
        limit: The most that it may be.
        unit: What stands behind both figures.
        digits: How many digits behind the point are shown.
        note: What is shown beside the figure where it is missed.
    """

    what: str
    figure: float
    limit: float
    unit: str = ""
    digits: int = 2
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether it is reached."""
        return self.figure <= self.limit


@define
class Bars:
    """One panel of the picture: shorter is better."""

    title: str
    unit: str
    values: dict[str, float]


@define
class Result:
    """A measurement.

    Attributes:
        tables: Markdown.
        targets: What was to be reached.
        bars: Panels of the picture.
        raw: The figures, as plain data.
        short: Markdown for the page of what is measured, where that has a place for it.
    """

    tables: str
    targets: list[Target] = Factory(list)
    bars: list[Bars] = Factory(list)
    raw: dict[str, Any] = Factory(dict)
    short: str = ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table; figures stand on the right."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def ratio(value: float, of: float) -> str:
    """Write how many times as much something is."""
    times = value / of
    return f"{times:.2f}" if times < 10 else f"{times:,.0f}"


def paired(seconds: Sequence[float], others: Sequence[float]) -> float:
    """The median of the ratios within a round, in which the machine was the same for both."""
    return median(one / other for one, other in zip(seconds, others, strict=True))


def milliseconds(seconds: float | None, digits: int = 1) -> str:
    """Write seconds as milliseconds."""
    return "–" if seconds is None else f"{seconds * 1000:,.{digits}f}"
