"""The check of the configuration: mistakes in it, and names that do not exist."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from modelwire.cli.doctor.context import DoctorContext
from modelwire.cli.doctor.findings import Finding, State
from modelwire.cli.model_check import check_reference
from modelwire.config import Config
from modelwire.config.misspelt import suggestion
from modelwire.document import format_path
from modelwire.errors import ConfigError, ModelwireError
from modelwire.files import exposure_of_file
from modelwire.redaction import looks_secret

__all__ = ["check_configuration"]

_NAME = "configuration"
_CHOSEN = ("agents", "defaults", "model")
_READABLE_BY_OTHERS = 0o077


async def check_configuration(situation: DoctorContext) -> list[Finding]:
    """Look for everything that is wrong with the configuration at once."""
    if situation.config_error is not None:
        return [*_unusable(situation.config_error), *_misspelt(situation)]
    return await asyncio.to_thread(_examine, situation)


def _unusable(error: ModelwireError) -> Iterator[Finding]:
    hint = error.hint or "Correct it; `modelwire config validate` checks the file again."
    if not isinstance(error, ConfigError) or not error.problems:
        yield Finding(_NAME, "problem", str(error), hint)
        return
    for problem in error.problems:
        last = problem is error.problems[-1]
        place = f"{error.source or 'The configuration'}"
        place += f":{problem.line}" if problem.line is not None else ""
        details = {"file": error.source, "line": problem.line, "path": problem.path}
        yield Finding(_NAME, "problem", f"{place}: {problem}", hint if last else None, details)


def _examine(situation: DoctorContext) -> list[Finding]:
    config = situation.config
    findings: list[Finding] = []
    if config.path is None:
        text = "There is no configuration file; the built-in defaults apply."
        findings.append(Finding(_NAME, "ok", text, details={"file": None}))
    else:
        text = f"{config.path} is valid."
        findings.append(Finding(_NAME, "ok", text, details={"file": str(config.path)}))
        findings += _untrusted(config)
        findings += _exposed(config.path, config.authored)
    findings += _misspelt(situation)
    findings += _missing_variables(config)
    findings += _references(situation)
    return findings


def _misspelt(situation: DoctorContext) -> Iterator[Finding]:
    for warning in situation.misspelt:
        for key in warning.problems:
            details = {"file": warning.path, "line": key.line, "path": key.path}
            text = suggestion(key, warning.path)
            yield Finding(_NAME, "warning", text, "This key has no effect.", details)


def _missing_variables(config: Config) -> Iterator[Finding]:
    """Report variables that are not set; one in the name of a chosen model is a problem."""
    for item in config.missing:
        state: State = "problem" if item.path[:3] == _CHOSEN else "warning"
        details = {"path": format_path(item.path), "line": item.line, "variable": item.name}
        hint = f"Set {item.name}; settings that use it do not work until then."
        yield Finding(_NAME, state, f"{item.message}.", hint, details)


def _references(situation: DoctorContext) -> Iterator[Finding]:
    config, registry = situation.config, situation.runtime.registry
    chosen = config.agents.defaults.model
    named = [("agents.defaults.model.primary", chosen.primary or "")]
    named += [
        (f"agents.defaults.model.fallbacks[{n}]", ref) for n, ref in enumerate(chosen.fallbacks)
    ]
    missing = {format_path(item.path) for item in config.missing}
    if not chosen.primary:
        if config.path is None and len(registry.default_refs) == 1:
            text = f"No model is configured; {registry.default_refs[0]} answers."
            yield Finding(_NAME, "ok", text)
        else:
            text = "The configuration names no model at agents.defaults.model.primary."
            yield Finding(
                _NAME, "warning", text, "Run: modelwire setup, or modelwire models set REF"
            )
    for path, reference in named:
        if not reference or path in missing:
            continue
        try:
            checked = check_reference(config, registry, reference)
        except ModelwireError as error:
            yield Finding(_NAME, "problem", f"{path}: {error}", error.hint)
            continue
        details = {"path": path, "named": reference, "resolved": str(checked.ref or "") or None}
        if checked.problem is not None:
            yield Finding(_NAME, "problem", f"{path}: {checked.problem}", checked.hint, details)
        elif checked.known:
            yield Finding(_NAME, "ok", f"{path}: {checked.ref}", details=details)
        else:
            # No list is complete, so this is no reason to worry.
            text = f"{path}: {checked.ref} is in no list that was fetched so far."
            yield Finding(_NAME, "ok", text, details=details)


def _untrusted(config: Config) -> Iterator[Finding]:
    """Warn of settings that were left out, and of a file that other users can change."""
    if config.path is None:
        return
    if config.left_out:
        count = len(config.left_out)
        text = f"{config.path} is not trusted; {count} of its settings were left out."
        details = {"leftOut": list(config.left_out)}
        yield Finding(_NAME, "warning", text, "Run: modelwire config trust", details)
    try:
        real = config.path.resolve()
        exposure = exposure_of_file(real, real.stat())
    except OSError:
        return
    if exposure is not None:
        text = f"Other users can change {config.path}: {exposure.reason}."
        yield Finding(_NAME, "warning", text, f"Run: {exposure.remedy}")


def _exposed(path: Path, authored: Mapping[str, Any]) -> Iterator[Finding]:
    """Warn of secrets in a file that others can read."""
    if os.name != "posix":
        return
    try:
        mode = path.stat().st_mode & 0o777
    except OSError:
        return
    secrets = list(_literal_secrets(authored, ()))
    if secrets and mode & _READABLE_BY_OTHERS:
        places = ", ".join(format_path(place) for place in secrets[:3])
        text = f"{path} holds secrets ({places}), and others can read it (mode {mode:04o})."
        hint = f"Run: chmod 600 {path}, or write ${{VARIABLE}} in place of each secret."
        yield Finding(_NAME, "warning", text, hint, {"mode": f"{mode:04o}"})


def _literal_secrets(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(item, str):
                if looks_secret(key) and item.strip() and not _is_reference(item):
                    yield (*path, key)
            else:
                yield from _literal_secrets(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _literal_secrets(item, (*path, index))


def _is_reference(text: str) -> bool:
    """Whether a text is the name of a variable, or has one in it, and not the secret itself."""
    return "${" in text or (text.replace("_", "").isalnum() and text.isupper())
