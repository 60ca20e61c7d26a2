"""The check of the versions of Python and of the installed packages."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version

from modelwire.cli.doctor.context import DoctorContext
from modelwire.cli.doctor.findings import Finding

__all__ = ["check_versions"]

_NAME = "versions"
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*\(?([^;()]*)\)?\s*$")
_AT_LEAST = re.compile(r">=\s*([0-9][0-9.]*)")


async def check_versions(situation: DoctorContext) -> list[Finding]:
    """Look whether what the packages need is there, and new enough."""
    version_of = cache(_version)  # many packages need the same one
    packages = ["modelwire", *(p.distribution for p in situation.runtime.registry.plugins())]
    found: dict[str, str] = {"python": platform.python_version()}
    missing: dict[str, str] = {}
    for package in packages:
        found[package] = version_of(package) or "?"
        for name, least in _needs(package):
            installed = version_of(name)
            if installed is None:
                missing[name] = f"{package} needs {name}, which is not installed"
            else:
                found[name] = installed
                if _parts(installed) < _parts(least):
                    missing[name] = (
                        f"{package} needs {name} {least} or newer; {installed} is installed"
                    )
    system = f"{platform.system()} {platform.machine()}".strip()
    title = f"Python {found['python']} on {system}, modelwire {found['modelwire']}"
    findings = [Finding(_NAME, "ok", title, details={"packages": found})]
    findings += [
        Finding(_NAME, "problem", f"{text}.", f"Run: pip install --upgrade {name}")
        for name, text in missing.items()
    ]
    return findings


def _needs(package: str) -> Iterator[tuple[str, str]]:
    """The unconditional requirements of a package, each with its minimum version, or `0`."""
    try:
        stated = requires(package) or []
    except PackageNotFoundError:
        return
    for line in stated:
        # A condition follows a semicolon, such as an extra that may not be installed.
        match = _REQUIREMENT.match(line) if ";" not in line else None
        if match is not None:
            least = _AT_LEAST.search(match[2])
            yield match[1], least[1] if least else "0"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _parts(version: str) -> tuple[int, ...]:
    """The release of a version as numbers, without zeros at its end."""
    numbers = [int(part) for part in re.findall(r"\d+", re.split(r"[a-z+-]", version)[0])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
