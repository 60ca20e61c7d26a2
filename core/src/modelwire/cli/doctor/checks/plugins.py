"""The check of the installed plugins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

from modelwire.cli.app import COMMANDS
from modelwire.cli.doctor.context import DoctorContext
from modelwire.cli.doctor.findings import Finding
from modelwire.errors import PluginError
from modelwire.registry import Claim, PluginInfo, Registry, installed_claims
from modelwire.registry.loader import load_claimed_dialect, load_command, load_guide

__all__ = ["check_plugins"]

_NAME = "plugins"
_LOADERS: dict[str, tuple[Callable[[Claim], object], str]] = {
    "commands": (load_command, "`modelwire {}`"),
    "dialects": (load_claimed_dialect, "The API {}, as `modelwire serve` offers it,"),
    "setup": (load_guide, "The guide {} of `modelwire setup`"),
}


async def check_plugins(situation: DoctorContext) -> list[Finding]:
    """Import every plugin, as it would be imported when it is needed."""
    # A registry of its own: what is loaded here must not count as needed elsewhere.
    found = await asyncio.to_thread(Registry(situation.config).plugins, check=True)
    if not found:
        hint = "Run: pip install modelwire-local, or the plugin of your provider."
        return [Finding(_NAME, "problem", "No plugins are installed.", hint)]
    disabled = {info.distribution for info in found if info.state == "disabled"}
    extras = [
        claim
        for claim in installed_claims()
        if claim.kind in _LOADERS and claim.distribution not in disabled and _is_used(claim)
    ]
    broken = await asyncio.to_thread(lambda: list(_broken(extras)))
    return [*map(_finding, found), *broken]


def _is_used(claim: Claim) -> bool:
    """Whether a claim can be called at all; a command of modelwire itself hides a plugin's."""
    return claim.kind != "commands" or claim.name not in COMMANDS


def _finding(info: PluginInfo) -> Finding:
    name = f"{info.distribution} {info.version}"
    details = {"distribution": info.distribution, "state": info.state, "reasons": info.reasons}
    owned = [f"providers {_some(info.providers)}"] if info.providers else []
    owned += [f"middleware {_some(info.middleware)}"] if info.middleware else []
    match info.state:
        case "quarantined":
            message = f"{name} is broken and left out: {' '.join(info.reasons)}"
            hint = f"Update or uninstall it: pip install --upgrade {info.distribution}"
            return Finding(_NAME, "problem", message, hint, details)
        case "conflict":
            message = f"{name} is in conflict with another plugin: {'; '.join(info.reasons)}."
            hint = f"Uninstall one, or set plugins.entries[{info.distribution!r}].enabled to false."
            return Finding(_NAME, "problem", message, hint, details)
        case "disabled":
            message = f"{name} is switched off by the configuration."
            return Finding(_NAME, "ok", message, details=details)
        case _:
            message = f"{name}: {', '.join(owned) or 'no provider of its own'}"
            return Finding(_NAME, "ok", message, details=details)


def _broken(extras: Iterable[Claim]) -> Iterator[Finding]:
    for claim in extras:
        load, what = _LOADERS[claim.kind]
        try:
            load(claim)
        except PluginError as error:
            message = f"{what.format(claim.name)} does not work: {error}"
            yield Finding(_NAME, "problem", message, error.hint)


def _some(names: list[str]) -> str:
    return (
        ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:2])} and {len(names) - 2} more"
    )
