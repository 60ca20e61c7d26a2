"""Start-up: what a command or an import costs, with five and with fifty plugins installed.

Every case runs in a process of its own. Commands run with a home, a cache and a working folder of
their own; the list of models is taken from a warm cache.
"""

from __future__ import annotations

import subprocess
from importlib.metadata import entry_points
from pathlib import Path
from statistics import median

from attrs import frozen

from environments import OWN
from modelwire_bedrock.emulator import Emulator
from plugins import LLM_PLUGIN, PROVIDER_PLUGIN, install
from processes import Bench
from results import Bars, Result, Target, ratio, table

TITLE = "Start-up"
_GROUP = "modelwire.providers"


@frozen
class Case:
    """Something that starts.

    Attributes:
        title: What it is called.
        peer: Whose environment it runs in.
        arguments: Those of Python.
        plugins: How many plugins are installed, where that matters.
    """

    title: str
    peer: str
    arguments: tuple[str, ...]
    plugins: int = 0


_LIST = ("-m", "modelwire", "models", "list")
_CASES = (
    Case("`python -c pass`", "modelwire", ("-c", "pass")),
    Case("`import modelwire`", "modelwire", ("-c", "import modelwire")),
    Case("`from modelwire import Runtime`", "modelwire", ("-c", "from modelwire import Runtime")),
    Case("`modelwire --help`", "modelwire", ("-m", "modelwire", "--help")),
    Case("`modelwire models list`, 5 plugins", "modelwire", _LIST, 5),
    Case("`modelwire models list`, 50 plugins", "modelwire", _LIST, 50),
    Case("`import llm`", "llm", ("-c", "import llm")),
    Case("`llm --help`", "llm", ("-m", "llm", "--help")),
    Case("`llm models list`, 5 plugins", "llm", ("-m", "llm", "models", "list"), 5),
    Case("`llm models list`, 50 plugins", "llm", ("-m", "llm", "models", "list"), 50),
    Case("`import boto3`", "boto3", ("-c", "import boto3")),
    Case("`import pydantic_ai`", "pydantic_ai", ("-c", "import pydantic_ai")),
    Case("`import strands`", "strands", ("-c", "import strands")),
    Case("`import langchain_aws`", "langchain_aws", ("-c", "import langchain_aws")),
    Case("`import any_llm`", "any_llm", ("-c", "import any_llm")),
    Case("`import litellm`", "litellm", ("-c", "import litellm")),
)
_IMPORTS = ("llm", "pydantic_ai", "strands", "langchain_aws", "any_llm", "litellm")


def measure(bench: Bench) -> Result:
    cpu, wall = _medians(bench)
    bench.versions |= bench.environments.pins("llm")
    bare = cpu["`python -c pass`"]
    rows = [
        [
            case.title,
            f"{cpu[case.title] * 1e3:.0f}",
            f"{wall[case.title] * 1e3:.0f}",
            ratio(cpu[case.title], bare),
        ]
        for case in _CASES
        if case.title in cpu
    ]
    head = ["", "CPU ms", "ms", "x bare Python"]
    peers = [cpu[f"`import {name}`"] for name in _IMPORTS if f"`import {name}`" in cpu]
    targets = [Target("`import modelwire`", cpu["`import modelwire`"], 0.1, " s", 3)]
    if peers:
        targets.append(
            Target(
                "`import modelwire`, of the fastest peer's import",
                cpu["`import modelwire`"] / min(peers),
                0.25,
            )
        )
    targets += [
        Target(f"{own}, of llm's", cpu[own] / cpu[theirs], 0.25)
        for what in ("--help", "models list`, 5 plugins", "models list`, 50 plugins")
        if (own := _title("modelwire", what)) in cpu and (theirs := _title("llm", what)) in cpu
    ]
    bars = {
        case.title.strip("`").replace("`", ""): cpu[case.title] * 1e3
        for case in _CASES
        if case.title in cpu
    }
    return Result(
        table(head, rows),
        targets,
        [Bars("Start-up", "ms CPU", bars)],
        {"cpu": cpu, "wall": wall},
    )


def _title(program: str, what: str) -> str:
    return f"`{program} {what}" + ("" if "`" in what else "`")


def _medians(bench: Bench) -> tuple[dict[str, float], dict[str, float]]:
    """CPU time and time by the clock, in seconds."""
    cpus: dict[str, list[float]] = {}
    walls: dict[str, list[float]] = {}
    with Emulator() as bedrock:
        ready = [
            (case, python, _environ(bench, case, bedrock.url))
            for case in _CASES
            if (python := bench.environments.python(case.peer)) is not None
        ]
        for number in range(bench.rounds(9, 1) + 1):
            for case, python, environ in ready:
                try:
                    took = bench.run(python, *case.arguments, environ=environ)
                except subprocess.CalledProcessError as error:
                    bench.environments.missing[case.peer] = str(error)[:160]
                    continue
                if number:  # the first round fills caches
                    cpus.setdefault(case.title, []).append(took["cpu"])
                    walls.setdefault(case.title, []).append(took["wall"])
    return (
        {title: median(found) for title, found in cpus.items()},
        {title: median(found) for title, found in walls.items()},
    )


def _environ(bench: Bench, case: Case, bedrock: str) -> dict[str, str]:
    """The environment variables, with so many plugins installed, and Bedrock to be asked once."""
    environ = {**bench.environ(), "AWS_ENDPOINT_URL_BEDROCK": bedrock}
    if not case.plugins:
        return environ
    own = case.peer in OWN
    # An application may have installed some; the dummies make up the number.
    installed = len(entry_points(group=_GROUP)) if own else 1
    folder = Path(bench.folder, f"{case.peer}-{case.plugins}")
    install(folder, case.plugins - installed, PROVIDER_PLUGIN if own else LLM_PLUGIN)
    return {
        **environ,
        "PYTHONPATH": str(folder),
        "MODELWIRE_CACHE_DIR": str(folder / "cache"),
        "LLM_USER_PATH": str(folder / "llm"),
    }
