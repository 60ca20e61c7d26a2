"""Batches at a quota: how much of it is used, and how many requests are refused, in real time."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from attrs import frozen

from processes import Bench
from results import Result, Target, table
from token_bucket import COUNTS

TITLE = "Batches at a quota"
_PROGRAM = Path(__file__).parents[1] / "quota_rows.py"
_EVENTS = 5
_TOKENS = 5_010
"""The tokens that the server says of a request and its answer."""
_SECONDS, _QUICK_SECONDS = 75, 30
_RATES = (5.0, 20.0)
"""Requests per second of the quotas; a busy machine keeps up with all of them at the same time."""
_RETRY = 1.0
"""Seconds that a refusal asks to wait, where it does."""
_LEAST_USED = {"given": 0.97, "learnt": 0.85}
_MOST_REFUSED = {"given": 0.01, "learnt": 0.05}


@frozen
class _Case:
    """A quota, and what the batch and the service say of it.

    Attributes:
        how: Whether it is given or learnt.
        rate: Requests per second.
        unit: What is given, `rpm` or `tpm`.
        retry: Seconds that a refusal asks to wait, or `None`.
    """

    how: str
    rate: float
    unit: str = ""
    retry: float | None = None

    @property
    def title(self) -> str:
        """A few words."""
        if self.how == "given":
            unit = "requests" if self.unit == "rpm" else "tokens"
            return f"given in {unit}"
        return "learnt" if self.retry is None else f"learnt, `Retry-After: {self.retry:g}`"

    @property
    def arguments(self) -> list[str]:
        """The arguments of the program."""
        per_minute = self.rate * 60 * (_TOKENS if self.unit == "tpm" else 1)
        return [f"--{self.unit}={per_minute:g}"] if self.unit else []


_CASES = tuple(
    case
    for rate in _RATES
    for case in (
        _Case("given", rate, "rpm"),
        _Case("given", rate, "tpm"),
        _Case("learnt", rate),
        _Case("learnt", rate, retry=_RETRY),
    )
)


def measure(bench: Bench) -> Result:
    """Measure; all cases at the same time, each with a server and a process of its own."""
    python = bench.environments.python("modelwire")
    if python is None:
        msg = "There is no environment of modelwire."
        raise RuntimeError(msg)
    seconds = _QUICK_SECONDS if bench.quick else _SECONDS
    with ExitStack() as stack:
        urls, running = [], []
        for number, case in enumerate(_CASES):
            told = {"rate": case.rate} | ({} if case.retry is None else {"retry": case.retry})
            url = stack.enter_context(bench.server("quota", events=_EVENTS, **told))
            folder = bench.folder / f"quota-{number}"
            folder.mkdir(exist_ok=True)
            urls.append(url)
            running.append(
                stack.enter_context(
                    subprocess.Popen(
                        [python, _PROGRAM, folder, str(seconds), *case.arguments],
                        env=bench.environ(url),
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        text=True,
                    )
                )
            )
        for process in running:
            _begin(process)
        said = [_summary(process) for process in running]
        counted = [_counts(url) for url in urls]
    return _result(seconds, said, counted)


def _begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def _summary(process: subprocess.Popen[str]) -> dict[str, int]:
    output, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    said: dict[str, int] = json.loads(output)
    return said


def _counts(url: str) -> dict[str, float]:
    with urllib.request.urlopen(url + COUNTS) as answer:  # noqa: S310 - our own server
        counts: dict[str, float] = json.load(answer)
    return counts


def _result(seconds: float, said: list[dict[str, int]], counted: list[dict[str, float]]) -> Result:
    rows, targets = [], []
    raw: list[dict[str, Any]] = []
    for case, own, counts in zip(_CASES, said, counted, strict=True):
        used, refused = shares(case.how, case.rate, counts)
        minute = f"{case.rate * 60:,.0f} per minute"
        rows.append(
            [
                f"{minute}, {case.title}",
                f"{counts['admitted']:,.0f}",
                f"{counts['refused']:,.0f}",
                f"{used * 100:.1f} %",
                f"{refused * 100:.2f} %",
            ]
        )
        least, most = _LEAST_USED[case.how], _MOST_REFUSED[case.how]
        about = f"Quota of {minute}, {case.title}"
        targets += [
            Target(f"{about}: unused", (1 - used) * 100, round((1 - least) * 100), " %"),
            Target(f"{about}: refused", refused * 100, most * 100, " %"),
        ]
        raw.append({"case": case.title, "rate": case.rate, "said": own, **counts})
    head = [f"quota, {seconds} seconds", "answered", "refused", "used", "refused, of all"]
    tables = table(head, rows)
    return Result(tables, targets, [], {"cases": raw}, tables)


def shares(how: str, rate: float, counts: dict[str, float]) -> tuple[float, float]:
    """How much of a quota was used, and the share of requests that were refused.

    What the bucket holds at first counts where the quota is learnt; where it is given, the batch leaves it.
    """
    admitted, refused = counts["admitted"], counts["refused"]
    allowed = rate * counts["seconds"] + (max(1.0, rate) if how == "learnt" else 1)
    return admitted / allowed, refused / (admitted + refused)
