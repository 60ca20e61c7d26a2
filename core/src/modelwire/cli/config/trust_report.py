"""The report on an untrusted configuration file: what it could do if it were approved."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import field, frozen

from modelwire.cli.text import printable
from modelwire.config.environment import variables_in
from modelwire.config.redaction import redact_text, redact_value
from modelwire.config.source import ConfigFile
from modelwire.config.trust import safe_part
from modelwire.document.paths import Path, format_path, value_at
from modelwire.document.read import plain_data, read_document
from modelwire.redaction.names import is_secret_path

__all__ = ["Permission", "TrustReport", "trust_report"]

_MOST_SETTINGS, _MOST_LINES, _LONGEST = 200, 400, 160
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")

_ENVIRONMENT = "set environment variables, which can run commands and redirect requests"
_VARIABLES = "read environment variables"
_ADDRESSES = "decide where requests, and the keys with them, are sent"
_KEYS = "decide which keys and header fields are sent"
_PROVIDERS = "describe providers and their models"
_PLUGINS = "set up plugins, and switch them on and off"
_REQUESTS = "add to the requests that are sent to models"
_OTHERS = "set what only plugins and other programs read"


@frozen
class Permission:
    """A setting that counts only in a trusted file.

    Attributes:
        path: Its path.
        value: Its value, with secrets hidden.
        effect: What the setting does, such as `set up plugins`.
    """

    path: str
    value: Any
    effect: str


@frozen
class TrustReport:
    """The contents of a file, and their effects.

    Attributes:
        permissions: The settings that count only in a trusted file.
        variables: The environment variables that it reads.
        text: Its text, with secrets hidden.
    """

    permissions: tuple[Permission, ...]
    variables: tuple[str, ...]
    text: str = field(repr=False)

    def lines(self) -> Iterator[str]:
        """The report as text; nothing in it can control a terminal."""
        yield from self._effects()
        yield "The file, with secrets hidden:"
        written = self.text.splitlines()
        yield from (f"  {_cut(printable(line))}" for line in written[:_MOST_LINES])
        if len(written) > _MOST_LINES:
            yield f"  ... and {len(written) - _MOST_LINES} more lines"

    def _effects(self) -> Iterator[str]:
        if not self.permissions and not self.variables:
            yield "Approval would change nothing: it only chooses models and names them."
            return
        yield "Approved, it could:"
        groups: dict[str, list[str]] = {}
        for item in self.permissions[:_MOST_SETTINGS]:
            shown = f"{printable(item.path)}: {printable(_json(item.value))}"
            groups.setdefault(item.effect, []).append(shown)
        if self.variables:
            groups[_VARIABLES] = [printable(name) for name in self.variables]
        for effect, settings in groups.items():
            yield f"- {effect}"
            yield from (f"    {_cut(line)}" for line in settings)
        if len(self.permissions) > _MOST_SETTINGS:
            yield f"- and {len(self.permissions) - _MOST_SETTINGS} more settings"

    def to_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "settings": [
                {"path": item.path, "value": item.value, "effect": item.effect}
                for item in self.permissions
            ],
            "variables": list(self.variables),
        }


def trust_report(file: ConfigFile) -> TrustReport:
    """Find out what a file could do.

    Raises:
        ConfigError: The file is not JSON5.
    """
    document = plain_data(read_document(file.text, file.path)[0])[0]
    shown = redact_value(document, (), os.environ)
    permissions = tuple(
        Permission(format_path(path), value_at(shown, path), _effect(path, document))
        for path in safe_part(document).left_out
    )
    variables = dict.fromkeys((*variables_in(document), *_named_variables(document, ())))
    return TrustReport(permissions, tuple(variables), redact_text(file.text, os.environ))


def _effect(path: Path, document: Any) -> str:
    if path[0] == "env":
        return _ENVIRONMENT
    if path[0] == "plugins":
        return _PLUGINS
    if path[0] not in ("models", "agents"):
        return _OTHERS
    if path[-1] == "baseUrl" or "request" in path or "://" in str(value_at(document, path)):
        return _ADDRESSES
    if is_secret_path(path):
        return _KEYS
    return _PROVIDERS if path[0] == "models" else _REQUESTS


def _named_variables(value: Any, path: Path) -> Iterator[str]:
    """The variables that name a secret, bare or in a reference."""
    if isinstance(value, Mapping):
        if value.get("source") == "env" and isinstance(value.get("id"), str):
            yield value["id"]
            return
        for key, item in value.items():
            yield from _named_variables(item, (*path, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _named_variables(item, (*path, at))
    elif path[-1:] == ("apiKey",) and isinstance(value, str):
        name = value.strip()
        if name in os.environ and _NAME.fullmatch(name):
            yield name


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
