"""The check of the entry points that packages claim in modelwire's groups.

Any package of the environment can claim names there, whatever it was installed for. The check lists
what each of them claims, and warns of a name that another package or modelwire itself has, and of entry
points that no installer recorded.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from modelwire.cli.app import COMMANDS
from modelwire.cli.doctor.context import DoctorContext
from modelwire.cli.doctor.findings import Finding
from modelwire.cli.doctor.records import Record, read_record
from modelwire.cli.text import printable
from modelwire.models import fold_provider
from modelwire.registry.claims import normalize_name
from modelwire.registry.metadata import EntryPoint, described_packages

__all__ = ["check_claims"]

_NAME = "claims"
_PREFIX = "modelwire."
_ALIASES = "modelwire.aliases"
_COMMANDS = "modelwire.commands"
_FOLDED = ("modelwire.providers", "modelwire.apis", "modelwire.routes", "modelwire.auth", _ALIASES)
_UNKNOWN = "Uninstall it, unless you know what it is."
_ONE_OF_THEM = "Uninstall one of them."
_REINSTALL = "Run: pip install --force-reinstall {}"

# A group, and a name in it as it is compared.
_Key = tuple[str, str]


@frozen
class _Claimant:
    """A package with entry points in modelwire's groups.

    Attributes:
        name: Its name.
        version: Its version.
        site: The folder that it is installed in.
        entries: Its entry points in these groups.
        record: Its record, or `None`.
    """

    name: str
    version: str
    site: str
    entries: Sequence[EntryPoint]
    record: Record | None

    @property
    def label(self) -> str:
        return printable(f"{self.name} {self.version}")


async def check_claims(_: DoctorContext) -> list[Finding]:
    """Read the metadata of every installed package; nothing is imported."""
    return await asyncio.to_thread(lambda: list(_findings(_claimants())))


def _claimants() -> list[_Claimant]:
    found = [
        _Claimant(name, version, site, entries, read_record(read, site))
        for (name, version, entries), (site, read) in described_packages(_PREFIX)
    ]
    return sorted(found, key=lambda claimant: normalize_name(claimant.name))


def _findings(claimants: Iterable[_Claimant]) -> Iterator[Finding]:
    counting: dict[str, _Claimant] = {}
    hidden: list[tuple[_Claimant, _Claimant]] = []
    for claimant in claimants:
        first = counting.setdefault(normalize_name(claimant.name), claimant)
        if first is not claimant:
            hidden.append((claimant, first))
    owners = _owners(counting.values())
    for claimant in counting.values():
        details = _details(claimant)
        yield Finding(_NAME, "ok", f"{claimant.label} claims {_groups(claimant)}", details=details)
        for text, hint in _warnings(claimant, owners):
            yield Finding(_NAME, "warning", f"{claimant.label} {text}", hint, details)
    for claimant, first in hidden:
        text = f"{claimant.label} in {printable(claimant.site)} is not used: {first.label} in "
        text += f"{printable(first.site)} has the same name and comes first."
        yield Finding(_NAME, "warning", text, _ONE_OF_THEM, _details(claimant))


def _warnings(
    claimant: _Claimant, owners: Mapping[_Key, Mapping[str, str]]
) -> Iterator[tuple[str, str]]:
    """The suspicious claims of a package, each with the remedy."""
    yield from _origin(claimant)
    for entry in claimant.entries:
        what = printable(f"{entry.name} ({entry.group.removeprefix(_PREFIX)})")
        if entry.group == _COMMANDS and entry.name in COMMANDS:
            yield (
                f"claims {what}, a command of modelwire itself; its own is not used.",
                _UNKNOWN,
            )
        if not entry.name.isprintable():
            yield f"claims {what}, a name with control characters.", _UNKNOWN
        rivals = sorted(
            printable(name)
            for name, value in owners[_key(entry)].items()
            if name != claimant.name and not _same_alias(entry, value)
        )
        if rivals:
            yield f"claims {what}, as {' and '.join(rivals)} does.", _ONE_OF_THEM


def _origin(claimant: _Claimant) -> Iterator[tuple[str, str]]:
    """Whether an installer wrote the entry points, and the code that they name."""
    record, name = claimant.record, printable(claimant.name)
    if record is None:
        yield f"has no RECORD in {printable(claimant.site)}: no installer put it there.", _UNKNOWN
        return
    recorded = [path for path in record.files if _is_entry_points(Path(path))]
    if not recorded or not all(map(record.intact, recorded)):
        yield "has entry points that differ from its RECORD.", _REINSTALL.format(name)
    if record.editable:
        return
    site = os.path.realpath(claimant.site)
    own = {
        os.path.relpath(path, site).partition(os.sep)[0].partition(".")[0] for path in record.files
    }
    named = {_top(entry.value) for entry in claimant.entries if entry.group != _ALIASES}
    for module in sorted(named - own):
        yield f"names the module {printable(module)}, which is not among its files.", _UNKNOWN


def _is_entry_points(path: Path) -> bool:
    return path.name == "entry_points.txt" and path.parent.suffix == ".dist-info"


def _top(value: str) -> str:
    """The outermost package of `package.module:attribute [extra]`."""
    return value.partition("[")[0].partition(":")[0].partition(".")[0].strip()


def _owners(claimants: Iterable[_Claimant]) -> dict[_Key, dict[str, str]]:
    """The packages that claim a name, each with the value that it gives it."""
    found: dict[_Key, dict[str, str]] = defaultdict(dict)
    for claimant in claimants:
        for entry in claimant.entries:
            found[_key(entry)][claimant.name] = entry.value
    return found


def _key(entry: EntryPoint) -> _Key:
    name = fold_provider(entry.name) if entry.group in _FOLDED else entry.name
    return entry.group, name


def _same_alias(entry: EntryPoint, value: str) -> bool:
    """Whether two aliases mean the same provider, so that it does not matter whose counts."""
    return entry.group == _ALIASES and normalize_name(entry.value) == normalize_name(value)


def _groups(claimant: _Claimant) -> str:
    counts: dict[str, int] = defaultdict(int)
    for entry in claimant.entries:
        counts[printable(entry.group.removeprefix(_PREFIX))] += 1
    return ", ".join(f"{group} ({count})" for group, count in counts.items())


def _details(claimant: _Claimant) -> dict[str, Any]:
    groups: dict[str, list[str]] = defaultdict(list)
    for entry in claimant.entries:
        groups[entry.group].append(entry.name)
    record = claimant.record
    return {
        "distribution": claimant.name,
        "version": claimant.version,
        "folder": claimant.site,
        "groups": groups,
        "recorded": record is not None,
        "editable": record is not None and record.editable,
    }
