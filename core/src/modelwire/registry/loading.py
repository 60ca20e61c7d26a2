"""Bringing a plugin in, and keeping a broken one out.

Left alone, pluggy lets one plugin's failed import end the program, accepts a hook under a wrong
name, and meets a wrong signature only at the call. Here each of these puts that one plugin into
quarantine, with the reason kept for people to see.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterable
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

import pluggy

from modelwire.errors import PluginError
from modelwire.hookspecs import specs
from modelwire.registry.claims import Claim

if TYPE_CHECKING:
    import click

    from modelwire.hookspecs import SetupGuide

__all__ = ["hooks_of", "load", "load_command", "load_guide", "where"]


def load(claim: Claim) -> object:
    """Import what an entry point names and check its hooks.

    Raises:
        PluginError: It cannot be imported, or its hooks are not those of the contract.
    """
    plugin = _import(claim)
    problem = _check(plugin, wrappers=claim.kind == "middleware")
    if problem is not None:
        msg = f"{claim.distribution} does not follow the plugin contract: {problem}."
        raise PluginError(msg, hint=f"Update {claim.distribution}, or tell its author.")
    return plugin


def load_command(claim: Claim) -> click.Command:
    """Import a subcommand of a plugin.

    Raises:
        PluginError: It cannot be imported, or is not a click command.
    """
    import click

    loaded = _import(claim)
    if not isinstance(loaded, click.Command):
        msg = f"{claim.distribution} offers {claim.name!r}, which is not a click command."
        raise PluginError(msg)
    return loaded


def load_guide(claim: Claim) -> SetupGuide:
    """Import what a plugin tells `modelwire setup`.

    Raises:
        PluginError: It cannot be imported, or is not a guide.
    """
    from modelwire.hookspecs import SetupGuide

    loaded = _import(claim)
    if not isinstance(loaded, SetupGuide):
        msg = f"{claim.distribution} offers {claim.name!r}, which is not a SetupGuide."
        raise PluginError(msg)
    return loaded


def hooks_of(owner: object, middleware: Iterable[object] = ()) -> pluggy.HookRelay:
    """Make callers that call one owner's hooks inside every wrapper of the middleware.

    The first plugin in `middleware` is the outermost.
    """
    manager = _manager()
    wrappers = [plugin for plugin in middleware if plugin is not owner]
    for position, plugin in enumerate([owner, *reversed(wrappers)]):
        # Named by us, since two plugins may call themselves the same.
        manager.register(plugin, name=str(position))
    return manager.hook


def where(error: BaseException) -> str:
    """Name an exception and the line that raised it, but not its text, which may hold secrets."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    detail = f" ({error})" if isinstance(error, ImportError | SyntaxError) else ""
    return f"{type(error).__name__}{detail}{place}"


def _import(claim: Claim) -> object:
    try:
        loaded: object = claim.entry_point.load()
        return loaded() if inspect.isclass(loaded) else loaded
    except (Exception, SystemExit) as error:
        msg = f"{claim.distribution} cannot be loaded: {where(error)}."
        raise PluginError(msg, hint=f"Update or uninstall {claim.distribution}.") from error


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(specs.PROJECT)
    manager.add_hookspecs(_contract())
    return manager


@cache
def _contract() -> ModuleType:
    """The hooks alone: pluggy looks at every name of a module, and does so for each plugin."""
    contract = ModuleType("contract")
    for name in specs.__all__:
        setattr(contract, name, getattr(specs, name))
    return contract


def _check(plugin: object, *, wrappers: bool) -> str | None:
    manager = _manager()
    try:
        manager.register(plugin, name="plugin")
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        return " ".join(str(error).split())
    except Exception as error:  # noqa: BLE001 - looking at an object runs the object's own code
        return f"it cannot be searched for hooks: {where(error)}"
    callers = manager.get_hookcallers(plugin) or []
    if not callers:
        return "it implements no hook"
    for caller in callers:
        for implementation in caller.get_hookimpls():
            wraps = implementation.wrapper or implementation.hookwrapper
            if wrappers and not wraps:
                return f"{caller.name} must be a wrapper: @hookimpl(wrapper=True)"
            if not wraps and (problem := _check_kind(caller.name, implementation.function)):
                return problem
    return None


def _check_kind(name: str, function: object) -> str | None:
    is_coroutine = inspect.iscoroutinefunction(function)
    is_generator = inspect.isasyncgenfunction(function)
    if name == "stream_completion" and is_coroutine:
        return "stream_completion must be an asynchronous generator: it has to yield deltas"
    if name == "discover_models" and is_generator:
        return "discover_models must return a list of models, not yield them"
    if name in ("detect_credentials", "describe_call") and (is_coroutine or is_generator):
        return f"{name} must be a plain function, not an asynchronous one"
    return None
