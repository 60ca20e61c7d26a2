"""The environment variables that a document may refer to: the process's, and its own block `env`.

    env: { ACME_REGION: "north", vars: { ACME_KEY: "${TEAM_KEY}" } }

A variable of the process wins, unless it is empty. The block itself may refer to variables of the
process only, so there is no order among its keys. `shellEnv` is not for us and is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from modelwire.config.paths import Path
from modelwire.config.substitution import substitute

__all__ = ["EnvBlock", "read_env_block"]

_ROOT: Path = ("env",)
_NOT_VARIABLES = frozenset({"vars", "shellEnv"})


@frozen
class EnvBlock:
    """What the block `env` means for the rest of the document.

    Attributes:
        environ: The variables of the process over those of the block.
        data: The block, with its placeholders replaced.
        problems: What is wrong with the block, each with its path.
    """

    environ: Mapping[str, str]
    data: Any
    problems: list[tuple[Path, str]]


def read_env_block(block: Any, process: Mapping[str, str]) -> EnvBlock:
    """Read the block `env`; `None` stands for a document without one."""
    if block is None:
        return EnvBlock(dict(process), None, [])
    data, missing = substitute(block, process, _ROOT)
    problems = [(item.path, item.message) for item in missing]
    variables: dict[str, str] = {}
    for path, values in ((*_ROOT, "vars"), _vars_of(data)), (_ROOT, _without_vars(data)):
        if not isinstance(values, Mapping):
            problems.append((path, "expected an object of strings"))
            continue
        for name, value in values.items():
            if isinstance(value, str):
                variables[name] = value
            else:
                problems.append(((*path, name), "expected a string"))
    variables.update({name: value for name, value in process.items() if value})
    for name, value in process.items():
        variables.setdefault(name, value)
    return EnvBlock(variables, data, problems)


def _vars_of(data: Any) -> Any:
    return data.get("vars", {}) if isinstance(data, Mapping) else {}


def _without_vars(data: Any) -> Any:
    if not isinstance(data, Mapping):
        return data
    return {name: value for name, value in data.items() if name not in _NOT_VARIABLES}
