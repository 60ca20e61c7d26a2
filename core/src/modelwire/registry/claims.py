"""What installed packages say about themselves, read without importing them.

A plugin declares itself in its `pyproject.toml`, in entry points of these groups:

| group | name | value |
| --- | --- | --- |
| `modelwire.providers` | a provider id | the plugin: a module, object or class with the hooks |
| `modelwire.apis` | a wire API that the plugin speaks for any provider | the plugin |
| `modelwire.aliases` | another name of a provider | the provider's id, with `_` for each `-` |
| `modelwire.middleware` | any name | a plugin whose hooks are all wrappers |
| `modelwire.defaults` | a reference that works without configuration | the plugin |
| `modelwire.commands` | a subcommand of `modelwire` | a click command |
| `modelwire.setup` | any name | a `SetupGuide` for `modelwire setup` |
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import Distribution, EntryPoint, PackageMetadata, distributions
from typing import Literal, cast

from attrs import field, frozen

from modelwire.models import fold_provider

__all__ = ["Claim", "Kind", "installed_claims", "squash"]

_PREFIX = "modelwire."
Kind = Literal["providers", "apis", "aliases", "middleware", "defaults", "commands", "setup"]
_KINDS = ("providers", "apis", "aliases", "middleware", "defaults", "commands", "setup")


@frozen
class Claim:
    """One entry point of a package.

    Attributes:
        kind: Which group it is in.
        name: The id that is claimed; provider ids, APIs and aliases in lower case.
        value: What the entry point points to.
        distribution: The package's name, or `?` where its metadata cannot be read.
        version: The package's version.
        entry_point: The entry point itself, to load it by.
    """

    kind: Kind
    name: str
    value: str
    distribution: str
    version: str
    entry_point: EntryPoint = field(repr=False, eq=False)


def installed_claims(installed: Iterable[Distribution] | None = None) -> list[Claim]:
    """Read the entry points of every installed package; nothing is imported.

    A package that stands twice on the path counts where it comes first, as for `import`.
    """
    claims: dict[str, list[Claim]] = {}
    for distribution in distributions() if installed is None else installed:
        entries = [entry for entry in _entries(distribution) if _kind(entry) is not None]
        if not entries:
            continue
        name, version = _name_and_version(distribution)
        found = [_claim(entry, name, version) for entry in entries]
        claims.setdefault(squash(name), list(dict.fromkeys(found)))
    return [claim for found in claims.values() for claim in found]


def squash(name: str) -> str:
    """Write a name so that `amazon-bedrock`, `amazon_bedrock` and `Amazon.Bedrock` are the same."""
    return re.sub(r"[-_.]+", "-", fold_provider(name))


def _claim(entry: EntryPoint, distribution: str, version: str) -> Claim:
    kind = cast("Kind", _kind(entry))
    name = fold_provider(entry.name) if kind in ("providers", "apis", "aliases") else entry.name
    return Claim(kind, name, entry.value.strip(), distribution, version, entry)


def _kind(entry: EntryPoint) -> str | None:
    kind = entry.group.removeprefix(_PREFIX)
    return kind if entry.group.startswith(_PREFIX) and kind in _KINDS else None


def _entries(distribution: Distribution) -> Iterable[EntryPoint]:
    try:
        return distribution.entry_points
    except (OSError, ValueError):
        return ()  # another package's damaged metadata is not our business


def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    try:
        metadata = distribution.metadata
        return _field(metadata, "Name"), _field(metadata, "Version")
    except (OSError, TypeError, ValueError):
        return "?", "?"


def _field(metadata: PackageMetadata, key: str) -> str:
    # Asked for a field that is not there, newer Pythons warn.
    return metadata[key] if key in metadata else "?"  # noqa: SIM401 - its type has no get()
