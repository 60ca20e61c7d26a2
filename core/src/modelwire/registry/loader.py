"""The plugin loader, and the quarantine of broken plugins.

By itself, pluggy lets one plugin's failed import end the program, accepts a hook under a wrong
name, and detects a wrong signature only at the call. Here each of these puts that one plugin into
quarantine, with the reason recorded.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import pluggy

from modelwire._plugin_hints import SourceLine, place_of, plugin_hint, update_hint
from modelwire.errors import PluginError
from modelwire.hookspecs import hookimpl, specs
from modelwire.registry.claims import Claim

if TYPE_CHECKING:
    import click

    from modelwire.dialects import Dialect
    from modelwire.hookspecs import BeginObserver, SetupGuide
    from modelwire.tools import ToolSources

__all__ = [
    "LoadedPlugin",
    "hooks_of",
    "load",
    "load_as",
    "load_claimed_dialect",
    "load_command",
    "load_guide",
    "load_tool_sources",
    "observers_in",
    "where",
]

_T = TypeVar("_T")
_OWNER = "owner"
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_PLAIN = (
    "batch_jobs",
    "detect_credentials",
    "describe_call",
    "embedding_limits",
    "observe_operations",
    "warm_up",
)
_RETURNED = {
    "authorize_request": "a request",
    "count_tokens": "a number",
    "discover_models": "a list of models",
    "embed": "an EmbeddingBatch",
    "renew_authorization": "a bool",
}


class LoadedPlugin(NamedTuple):
    """A plugin that was imported.

    Attributes:
        plugin: The object that its entry point names.
        manager: The manager of its hooks alone.
    """

    plugin: object
    manager: pluggy.PluginManager

    def inside(self, middleware: Iterable[object]) -> pluggy.HookRelay:
        """Make callers of the plugin's hooks inside wrappers, of which it has none so far.

        The first plugin in `middleware` is the outermost.
        """
        wrappers = [plugin for plugin in middleware if plugin is not self.plugin]
        for position, plugin in enumerate(reversed(wrappers)):
            # Named by us, since two plugins may call themselves the same.
            self.manager.register(plugin, name=f"wrapper {position}")
        return self.manager.hook


def load(claim: Claim) -> LoadedPlugin:
    """Import the target of an entry point and check its hooks.

    Raises:
        PluginError: It cannot be imported, or its hooks are not those of the contract.
    """
    loaded = LoadedPlugin(_import(claim), _manager())
    problem = _check(loaded, wrappers=claim.kind == "middleware")
    if problem is not None:
        msg = f"{claim.distribution} does not follow the plugin contract: {problem.what}."
        raise PluginError(msg, hint=update_hint(claim.distribution, problem.at))
    return loaded


def load_command(claim: Claim) -> click.Command:
    """Import a subcommand of a plugin.

    Raises:
        PluginError: It cannot be imported, or is not a click command.
    """
    import click

    return load_as(claim, click.Command, "click command")


def load_claimed_dialect(claim: Claim) -> Dialect:
    """Import the dialect with which a plugin serves an API.

    Raises:
        PluginError: It cannot be imported, or is not a dialect of that API.
    """
    from modelwire.dialects import Dialect

    loaded = load_as(claim, Dialect)  # type: ignore[type-abstract] # a protocol
    if loaded.api != claim.name:
        msg = f"{claim.distribution} offers {claim.name!r}, which is not a Dialect of that API."
        raise PluginError(msg)
    return loaded


def load_guide(claim: Claim) -> SetupGuide:
    """Import the setup guide of a plugin.

    Raises:
        PluginError: It cannot be imported, or is not a guide.
    """
    from modelwire.hookspecs import SetupGuide

    return load_as(claim, SetupGuide)


def load_tool_sources(claim: Claim) -> ToolSources:
    """Import the tool sources of a package.

    Raises:
        PluginError: They cannot be imported, or are not tool sources.
    """
    from modelwire.tools import ToolSources

    return load_as(claim, ToolSources)


def hooks_of(plugin: object) -> pluggy.HookRelay:
    """Make callers of one plugin's hooks, unchecked and without wrappers."""
    manager = _manager()
    manager.register(plugin, name=_OWNER)
    return manager.hook


def observers_in(middleware: Sequence[object]) -> pluggy.HookRelay | None:
    """Make the caller of `observe_operations` inside wrappers; `None` where none of them has it."""
    if not any(hasattr(plugin, "observe_operations") for plugin in middleware):
        return None
    manager = _manager()
    innermost = _NoObservers()
    manager.register(innermost, name=_OWNER)
    return LoadedPlugin(innermost, manager).inside(middleware)


class _NoObservers:
    """The innermost implementation of `observe_operations`, to which the wrappers add."""

    @hookimpl
    def observe_operations(self) -> list[BeginObserver]:
        return []


def where(error: BaseException) -> str:
    """The type and origin of an exception, without its text, which may hold secrets."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    detail = f" ({error})" if isinstance(error, ImportError | SyntaxError) else ""
    return f"{type(error).__name__}{detail}{place}"


def _import(claim: Claim) -> object:
    try:
        loaded = _named(claim.value)
        return loaded() if inspect.isclass(loaded) else loaded
    except (Exception, SystemExit) as error:
        msg = f"{claim.distribution} cannot be loaded: {where(error)}."
        otherwise = f"Update or uninstall {claim.distribution}."
        hint = plugin_hint(claim.distribution, otherwise, at=error)
        raise PluginError(msg, hint=hint) from error


def load_as(claim: Claim, kind: type[_T], called: str = "") -> _T:
    """Import what an entry point offers.

    Args:
        claim: The entry point.
        kind: The class or protocol that it must be an instance of.
        called: The name of that in errors; by default the class's.

    Raises:
        PluginError: It cannot be imported, or is something else.
    """
    loaded = _import(claim)
    if not isinstance(loaded, kind):
        what = called or kind.__name__
        msg = f"{claim.distribution} offers {claim.name!r}, which is not a {what}."
        raise PluginError(msg)
    return loaded


def _named(value: str) -> object:
    """Import the target of an entry point: `package.module`, or `package.module:attribute`.

    The brackets after it, with the extras of old packages, are for installers and ignored.
    """
    module, _, attributes = value.partition("[")[0].partition(":")
    named: object = import_module(module.strip())
    for name in filter(None, attributes.strip().split(".")):
        named = getattr(named, name)
    return named


class _Manager(pluggy.PluginManager):
    """Looks at fewer names than pluggy does, which takes long for each and is called often."""

    def parse_hookspec_opts(self, module_or_class: object, name: str) -> pluggy.HookspecOpts | None:
        if name not in specs.__all__:
            return None
        return super().parse_hookspec_opts(module_or_class, name)  # type: ignore[arg-type]

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        if name.startswith("__"):  # Python's own
            return None
        return super().parse_hookimpl_opts(plugin, name)


def _manager() -> pluggy.PluginManager:
    manager = _Manager(specs.PROJECT)
    manager.add_hookspecs(specs)
    return manager


class _Problem(NamedTuple):
    """A mistake in a plugin's hooks, and its place, if that is known."""

    what: str
    at: SourceLine | BaseException | None = None


def _check(loaded: LoadedPlugin, *, wrappers: bool) -> _Problem | None:
    """Register a plugin with its manager; return its mistake, if there is one."""
    plugin, manager = loaded
    try:
        if problem := _unknown_argument(loaded):
            return problem
        manager.register(plugin, name=_OWNER)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        return _Problem(" ".join(str(error).split()))
    except Exception as error:  # noqa: BLE001 - looking at an object runs the object's own code
        return _Problem(f"it cannot be searched for hooks: {where(error)}", error)
    callers = manager.get_hookcallers(plugin) or []
    return (
        _check_hooks(callers, wrappers=wrappers) if callers else _Problem("it implements no hook")
    )


def _check_hooks(callers: Iterable[pluggy.HookCaller], *, wrappers: bool) -> _Problem | None:
    for caller in callers:
        for implementation in caller.get_hookimpls():
            wraps = implementation.wrapper or implementation.hookwrapper
            at = place_of(implementation.function)
            if wrappers and not wraps:
                return _Problem(f"{caller.name} must be a wrapper: @hookimpl(wrapper=True)", at)
            if not wraps and (what := _check_kind(caller.name, implementation.function)):
                return _Problem(what, at)
    return None


def _unknown_argument(loaded: LoadedPlugin) -> _Problem | None:
    """Find an argument that its hook does not have, which pluggy reports without those it has."""
    plugin, manager = loaded
    names = frozenset(dir(plugin))
    for name, caller in vars(manager.hook).items():
        if caller.spec is None or name not in names:  # pluggy before 1.7 needs the attribute
            continue
        if manager.parse_hookimpl_opts(plugin, name) is None:
            continue
        function = getattr(plugin, name)
        known = caller.spec.argnames
        for argument, parameter in inspect.signature(function).parameters.items():
            needed = parameter.default is parameter.empty and parameter.kind in _POSITIONAL
            if needed and argument not in known:
                what = f"{name} has an argument {argument!r}, which the hook does not have"
                takes = ", ".join(known) or "no arguments"
                return _Problem(f"{what}; it takes {takes}", place_of(function))
    return None


def _check_kind(name: str, function: object) -> str | None:
    is_coroutine = inspect.iscoroutinefunction(function)
    is_generator = inspect.isasyncgenfunction(function)
    if name == "stream_completion" and is_coroutine:
        return "stream_completion must be an asynchronous generator: it has to yield deltas"
    if name in _RETURNED and is_generator:
        return f"{name} must return {_RETURNED[name]}, not yield it"
    if name in _PLAIN and (is_coroutine or is_generator):
        return f"{name} must be a plain function, not an asynchronous one"
    return None
