"""Claims: the entry points of installed packages, read without importing them.

A plugin declares itself in its `pyproject.toml`, in entry points of these groups:

| group | name | value |
| --- | --- | --- |
| `modelwire.providers` | a provider id | the plugin: a module, object or class with the hooks |
| `modelwire.apis` | a wire API that the plugin speaks for any provider | the plugin |
| `modelwire.routes` | a wire API of another plugin, for models of the plugin's own providers | the plugin |
| `modelwire.auth` | an auth mode, as `models.providers.<id>.auth` names it | the plugin |
| `modelwire.aliases` | another name of a provider | the provider's id, with `_` for each `-` |
| `modelwire.middleware` | any name | a plugin whose hooks are all wrappers |
| `modelwire.defaults` | a reference that works without configuration | the plugin |
| `modelwire.commands` | a subcommand of `modelwire` | a click command |
| `modelwire.dialects` | a wire API that the plugin serves to clients | a `Dialect`, or its class |
| `modelwire.setup` | any name | a `SetupGuide` for `modelwire setup` |
| `modelwire.tools` | an option of `modelwire complete` and `chat` | a `ToolSources` |
| `modelwire.batch_runners` | a value of `modelwire batch --on` | a `BatchRunner` |
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, cast, get_args

from attrs import frozen

from modelwire.models import fold_provider
from modelwire.registry.metadata import EntryPoint, Package, packages_with

__all__ = ["Claim", "Kind", "installed_claims", "normalize_name", "undisputed"]

_PREFIX = "modelwire."
Kind = Literal[
    "providers",
    "apis",
    "routes",
    "auth",
    "aliases",
    "middleware",
    "defaults",
    "commands",
    "dialects",
    "setup",
    "tools",
    "batch_runners",
]
_KINDS: frozenset[str] = frozenset(get_args(Kind))

_FOLDED = ("providers", "apis", "routes", "auth", "aliases", "dialects")


@frozen
class Claim:
    """One entry point of a package.

    Attributes:
        kind: The group.
        name: The id that is claimed; provider ids, APIs, auth modes and aliases in lower case.
        value: The target of the entry point.
        distribution: The package's name, or `?` where its metadata cannot be read.
        version: The package's version.
    """

    kind: Kind
    name: str
    value: str
    distribution: str
    version: str


def installed_claims(path: Iterable[str] | None = None) -> list[Claim]:
    """Read the entry points of every installed package; nothing is imported.

    A package found twice on the path counts where it comes first, as with `import`.

    Args:
        path: The folders to look into; by default those of the import path.
    """
    claims: dict[str, list[Claim]] = {}
    for package in packages_with(_PREFIX, path):
        found = [_claim(entry, package) for entry in package.entry_points if _kind(entry)]
        if found:
            claims.setdefault(normalize_name(package.name), list(dict.fromkeys(found)))
    return [claim for found in claims.values() for claim in found]


def undisputed(claims: Iterable[Claim], kind: Kind) -> dict[str, Claim]:
    """The claims of one kind by name; a name that two packages claim is left out."""
    found: dict[str, list[Claim]] = {}
    for claim in claims:
        if claim.kind == kind:
            found.setdefault(claim.name, []).append(claim)
    return {name: named[0] for name, named in sorted(found.items()) if len(named) == 1}


def normalize_name(name: str) -> str:
    """Normalize a name: `amazon-bedrock`, `amazon_bedrock` and `Amazon.Bedrock` are equal."""
    return re.sub(r"[-_.]+", "-", fold_provider(name))


def _claim(entry: EntryPoint, package: Package) -> Claim:
    kind = cast("Kind", _kind(entry))
    name = fold_provider(entry.name) if kind in _FOLDED else entry.name
    return Claim(kind, name, entry.value, package.name, package.version)


def _kind(entry: EntryPoint) -> str | None:
    kind = entry.group.removeprefix(_PREFIX)
    return kind if kind in _KINDS else None
