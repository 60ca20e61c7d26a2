"""The owner of a provider, an API or an auth mode: its plugin, and the callers of its hooks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterable
from functools import cached_property
from operator import itemgetter
from typing import Any

import pluggy

from modelwire.forks import ForkSafeLock
from modelwire.hookspecs import hookimpl
from modelwire.registry.claims import Claim
from modelwire.registry.loader import LoadedPlugin, hooks_of

__all__ = ["Owner"]


class Owner:
    """The plugin that owns a provider, an API or an auth mode.

    Attributes:
        distribution: The package of the plugin.
        version: The version of that package.
        hooks: Callers of its hooks, inside every installed wrapper.
        yields: The source of the deltas of its hooks, for errors about them. The plugin's own
            deltas have been checked where there is middleware.
        warming: Held while the hook `warm_up` runs, so that it never runs twice at a time.
    """

    def __init__(self, claim: Claim, loaded: LoadedPlugin, middleware: Iterable[object]) -> None:
        self.distribution, self.version = claim.distribution, claim.version
        self.yields = self.distribution
        wrappers = [plugin for plugin in middleware if plugin is not loaded.plugin]
        if wrappers:
            self.yields = f"Middleware around {self.distribution}"
            wrappers.append(_DeltaCheck(self.distribution))
        self.hooks: pluggy.HookRelay = loaded.inside(wrappers)
        self.warming = ForkSafeLock()
        self._plugin = loaded.plugin
        self._implemented: dict[str, bool] = {}

    @cached_property
    def stream_completion(self) -> Callable[..., Any]:
        """The caller of the hook `stream_completion`, inside every installed wrapper."""
        return _caller(self.hooks.stream_completion)

    @cached_property
    def own_stream_completion(self) -> Callable[..., Any]:
        """The caller of the hook `stream_completion` outside every wrapper."""
        return _caller(self.own_hooks.stream_completion)

    @cached_property
    def authorize_request(self) -> Callable[..., Any]:
        """The caller of the hook `authorize_request`, inside every installed wrapper."""
        return _caller(self.hooks.authorize_request)

    @cached_property
    def own_hooks(self) -> pluggy.HookRelay:
        """Callers of the plugin's hooks outside every wrapper."""
        return hooks_of(self._plugin)

    def implements(self, hook: str) -> bool:
        """Whether the plugin itself has the hook."""
        known = self._implemented.get(hook)
        if known is None:
            known = self._implemented[hook] = self._find(hook)
        return known

    def _find(self, hook: str) -> bool:
        caller: pluggy.HookCaller = getattr(self.hooks, hook)
        return any(
            implementation.plugin is self._plugin
            and not (implementation.wrapper or implementation.hookwrapper)
            for implementation in caller.get_hookimpls()
        )


class _DeltaCheck:
    """The innermost wrapper around a plugin's stream, which checks its deltas.

    Middleware reads deltas, and an invalid one would make it fail in its own code. The assembler
    checks them again, since middleware may change them.

    Args:
        plugin: The plugin's package, for errors.
    """

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin

    @hookimpl(wrapper=True)
    def stream_completion(self) -> Generator[None, Any, Any]:
        """Check the stream, where there is one."""
        deltas = yield
        if not isinstance(deltas, AsyncIterator):
            return deltas
        # It needs the events, which lists of models do without; the warm-up has imported it.
        from modelwire.registry.delta_stream import checked_stream

        return checked_stream(deltas, self._plugin)


def _caller(hook: pluggy.HookCaller) -> Callable[..., Any]:
    """The caller of a hook, or its function where the plugin alone has it.

    With the function, each request is spared how pluggy calls one among many.
    """
    found = hook.get_hookimpls()
    if len(found) != 1 or found[0].wrapper or found[0].hookwrapper:
        return hook
    function, names = found[0].function, found[0].argnames
    if len(names) < 2:  # then `itemgetter` gives no tuple
        return hook
    pick = itemgetter(*names)

    def call(**given: Any) -> Any:
        return function(*pick(given))

    return call
