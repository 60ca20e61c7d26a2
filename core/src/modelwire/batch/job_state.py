"""The jobs of a batch at a provider, kept in a hidden file beside the output."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Self

from attrs import asdict, define, field

from modelwire.errors import BatchError
from modelwire.files import replace_file

__all__ = ["JobRecord", "JobState", "line_ranges", "within"]

_VERSION: Final = 1


@define
class JobRecord:
    """A job that was submitted, or was about to be.

    Attributes:
        key: The key of its submission.
        lines: The lines of its rows in the input, as ranges with their last line.
        id: The provider's id; `None` until the submission has succeeded.
        fetched: Whether its results have been written.
        adopted: Whether it was not submitted here, so that its rows are not known exactly.
    """

    key: str
    lines: list[tuple[int, int]]
    id: str | None = None
    fetched: bool = False
    adopted: bool = False


@define
class JobState:
    """All jobs of a batch.

    Attributes:
        path: The file.
        model: The model that they are for, or `None` as long as there are none.
        jobs: The jobs, oldest first.
    """

    path: Path
    model: str | None = None
    jobs: list[JobRecord] = field(factory=list)

    @classmethod
    def of(cls, output: Path) -> Self:
        """Read the jobs that belong to an output.

        Raises:
            BatchError: The file cannot be read.
        """
        path = output.with_name(f".{output.name}.jobs.json")
        if not path.exists():
            return cls(path)
        try:
            data = json.loads(path.read_bytes())
            if data["version"] != _VERSION:
                raise ValueError
            jobs = [
                JobRecord(
                    each["key"],
                    [(first, last) for first, last in each["lines"]],
                    each["id"],
                    each["fetched"],
                    each["adopted"],
                )
                for each in data["jobs"]
            ]
            return cls(path, data["model"], jobs)
        except (OSError, ValueError, KeyError, TypeError) as error:
            msg = f"{path}, which lists the jobs of {output}, cannot be read."
            raise BatchError(msg, source=str(path), hint="Give another output.") from error

    @property
    def open(self) -> list[JobRecord]:
        """The jobs whose results have not been written."""
        return [job for job in self.jobs if not job.fetched]

    def save(self) -> None:
        """Write the file, whole or not at all.

        Raises:
            BatchError: It cannot be written.
        """
        data = {
            "version": _VERSION,
            "model": self.model,
            "jobs": [asdict(job) for job in self.jobs],
        }
        try:
            replace_file(self.path, json.dumps(data, indent=2).encode() + b"\n")
        except OSError as error:
            msg = f"Cannot write {self.path}: {error.strerror or error}."
            raise BatchError(msg, source=str(self.path)) from error


def line_ranges(lines: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers in ascending order as ranges with their last number."""
    ranges: list[tuple[int, int]] = []
    for line in lines:
        if ranges and line == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], line)
        else:
            ranges.append((line, line))
    return ranges


def within(ranges: Iterable[tuple[int, int]]) -> Callable[[int], bool]:
    """A test of whether a number is in one of some ranges, none of which overlap."""
    ordered = sorted(ranges)
    starts = [first for first, _ in ordered]

    def is_within(number: int) -> bool:
        at = bisect_right(starts, number)
        return at > 0 and number <= ordered[at - 1][1]

    return is_within
