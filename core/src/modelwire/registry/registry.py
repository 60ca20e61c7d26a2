"""The plugin registry: maps providers and APIs to plugins."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn, TypeVar

from attrs import evolve

from modelwire._plugin_hints import plugin_hint, update_hint
from modelwire.config import Config, ProviderConfig
from modelwire.errors import PluginError
from modelwire.forks import ForkSafeLock
from modelwire.models import ModelRef, fold_provider
from modelwire.registry.claims import Claim, Kind, installed_claims, normalize_name, undisputed
from modelwire.registry.info import PluginInfo
from modelwire.registry.loader import LoadedPlugin, load
from modelwire.registry.owner import Owner
from modelwire.text import did_you_mean, near_matches

if TYPE_CHECKING:
    from modelwire.transport import Transport

__all__ = ["Registry"]

# The package, what its entry point names, and whether as middleware, which has more requirements.
_Key = tuple[str, str, bool]
_MOST_KNOWN = 1024
K = TypeVar("K")
V = TypeVar("V")

_WITH_HOOKS = ("providers", "apis", "routes", "auth", "middleware")


class Registry:
    """The installed plugins. Each is imported only when it is first needed.

    Args:
        config: The configuration, which can disable plugins by `plugins.entries.<id>.enabled`. The
            id is the package's name or one of its provider ids.
        claims: The claims; by default, those of the installed packages.
    """

    def __init__(self, config: Config, claims: Iterable[Claim] | None = None) -> None:
        self._config = config
        everything = installed_claims() if claims is None else list(claims)
        self._disabled = self._find_disabled(everything)
        self._all = everything
        self._claims = [claim for claim in everything if claim.distribution not in self._disabled]
        self._owners: dict[tuple[str, str], Owner] = {}
        self._loaded: dict[_Key, LoadedPlugin] = {}
        self._failed: dict[_Key, PluginError] = {}
        # Each request looks up the same values; neither the configuration nor the claims change.
        self._canonical: dict[str, str] = {}
        self._names: dict[str, list[str]] = {}
        self._providers: dict[str, ProviderConfig] = {}
        self._answering: dict[tuple[str, str | None], Owner] = {}
        # Entered again where a plugin asks while it is imported.
        self._making = ForkSafeLock(reentrant=True)

    @cached_property
    def provider_ids(self) -> list[str]:
        """The provider ids that installed plugins claim, sorted."""
        return sorted({claim.name for claim in self._claims if claim.kind == "providers"})

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Other names of providers, each with the provider's id.

        A provider's own id is never another one's alias, and a name of several providers
        is ignored.
        """
        ids = {normalize_name(name): name for name in self.provider_ids}
        targets: dict[str, set[str]] = defaultdict(set)
        for claim in self._claims:
            if claim.kind == "aliases" and normalize_name(claim.value) in ids:
                targets[claim.name].add(ids[normalize_name(claim.value)])
        return {
            name: next(iter(meant))
            for name, meant in targets.items()
            if len(meant) == 1 and name not in self.provider_ids
        }

    @cached_property
    def default_refs(self) -> list[ModelRef]:
        """The models that work without any configuration."""
        refs = (ModelRef.parse(claim.name) for claim in self._claims if claim.kind == "defaults")
        return [ref for ref in refs if ref is not None]

    def canonical(self, provider: str) -> str:
        """The provider's own id for an id or alias.

        An id that the configuration defines with an API of its own is never taken for an alias.
        """
        found = self._canonical.get(provider)
        if found is None:
            found = fold_provider(provider)
            configured = self._config.models.providers.get(found)
            target = self.aliases.get(found)
            if target is not None and (configured is None or configured.api is None):
                found = target
            _keep(self._canonical, provider, found)
        return found

    def names_of(self, provider: str) -> list[str]:
        """A provider's own id and its aliases."""
        provider = self.canonical(provider)
        found = self._names.get(provider)
        if found is None:
            others = (name for name, target in self.aliases.items() if target == provider)
            found = _keep(self._names, provider, [provider, *others])
        return found

    def provider_config(self, provider: str) -> ProviderConfig:
        """The configuration of a provider, under its id or else under an alias."""
        provider = self.canonical(provider)
        known = self._providers.get(provider)
        if known is None:
            providers = self._config.models.providers
            named = (providers[name] for name in self.names_of(provider) if name in providers)
            known = next(named, None) or ProviderConfig(id=provider)
            known = known if known.id == provider else evolve(known, id=provider)
            _keep(self._providers, provider, known)
        return known

    def apis_of(self, provider: str) -> list[str]:
        """The APIs that a provider's own plugin speaks."""
        claims = self._claims_on("providers", self.canonical(provider))
        packages = {claim.distribution for claim in claims}
        return [c.name for c in self._claims if c.kind == "apis" and c.distribution in packages]

    def owner(self, provider: str, api: str | None = None) -> Owner:
        """The plugin of a provider.

        Args:
            provider: A provider's id or alias; it may be an id of the user's own.
            api: The wire API to speak; by default, the one that the configuration gives the
                provider. With an API, it is the plugin that speaks it, or the owner of the
                provider's id if that has a route of the API; else it is the owner of the provider's
                id.

        Raises:
            PluginError: No plugin provides it, several claim it, or its plugin is broken.
        """
        known = self._answering.get((provider, api))
        return known or _keep(self._answering, (provider, api), self._find_owner(provider, api))

    def _find_owner(self, provider: str, api: str | None) -> Owner:
        provider = self.canonical(provider)
        api = api or self.provider_config(provider).api
        owners = self._claims_on("providers", provider)
        if api is None:
            return self._sole_owner(owners, f"the provider {provider!r}") or self._refuse(provider)
        own = {claim.distribution for claim in owners}
        speakers = [*self._claims_on("apis", api), *self._claims_on("routes", api)]
        speakers = [claim for claim in speakers if claim.distribution in own]
        return self._sole_owner(speakers, f"the API {api!r}") or self.speaker(provider, api)

    def speaker(self, provider: str, api: str) -> Owner:
        """The plugin that speaks a wire API, for any provider.

        Args:
            provider: The provider's id, for errors.
            api: The API.

        Raises:
            PluginError: No plugin speaks it, several do, or the one that does is broken.
        """
        claims = self._claims_on("apis", api)
        return self._sole_owner(claims, f"the API {api!r}") or self._refuse_api(provider, api)

    def auth_owner(self, provider: ProviderConfig) -> Owner | None:
        """The plugin that authorizes a provider's requests, or `None` where its API's plugin does.

        Args:
            provider: The provider's configuration; its `auth` names the mode.

        Raises:
            ConfigError: No installed plugin owns the mode.
            PluginError: Several claim it, or its plugin is broken or cannot authorize.
        """
        mode = provider.delegated_auth
        if mode is None:
            return None
        owner = self._sole_owner(self._claims_on("auth", mode), f"the auth mode {mode!r}")
        if owner is None:
            self._refuse_auth(provider, mode)
        if not owner.implements("authorize_request"):
            msg = f"{owner.distribution} claims the auth mode {mode!r}, and cannot authorize."
            raise PluginError(msg, hint=update_hint(owner.distribution))
        return owner

    def authorized(self, provider: ProviderConfig, transport: Transport) -> Transport:
        """The transport for calls to a provider.

        Where a plugin owns the provider's auth mode, each request is authorized by it right before it
        is sent; else the transport is the given one.

        Args:
            provider: The provider's configuration.
            transport: The transport that sends.

        Raises:
            ConfigError: No installed plugin owns the auth mode.
            PluginError: The plugin that owns it is broken.
        """
        owner = self.auth_owner(provider)
        if owner is None:
            return transport
        from modelwire.registry.authorization import authorized_transport

        return authorized_transport(self, owner, provider, self._config, transport)

    def responsible_package(self, owner: Owner, error: BaseException, *, core: bool = True) -> str:
        """The package in whose code an error arose: a plugin's, or the core's as `modelwire`.

        Args:
            owner: The plugin that was called, which is named where no plugin's code is found.
            error: The exception, with its traceback.
            core: Whether the core may be named, too.
        """
        from modelwire.registry.blame import package_at_fault

        return package_at_fault(error, self._modules, owner.distribution, core=core)

    def bug(self, owner: Owner, error: BaseException, what: str) -> PluginError:
        """The error to raise for an exception that is a bug, naming the package at fault.

        Args:
            owner: The plugin that was called.
            error: The exception, with its traceback. Its text may hold a secret and is left out.
            what: What the package did, such as `failed to count tokens`.
        """
        from modelwire.registry.blame import CORE

        package = self.responsible_package(owner, error)
        hint = plugin_hint(package, at=error)
        if package == CORE:
            hint = f"This is a bug in {CORE}, or in how {owner.distribution} uses it; report it."
        return PluginError(f"{package} {what}.", hint=hint)

    def commands(self) -> dict[str, Claim]:
        """The subcommands of plugins; one that two packages claim is left out."""
        return undisputed(self._claims, "commands")

    def dialects(self) -> dict[str, Claim]:
        """The APIs that plugins serve to clients; one that two packages claim is left out."""
        return undisputed(self._claims, "dialects")

    def guides(self) -> list[Claim]:
        """The setup guides of the plugins, ordered by name."""
        return sorted(
            (claim for claim in self._claims if claim.kind == "setup"), key=lambda c: c.name
        )

    def plugins(self, *, check: bool = False) -> list[PluginInfo]:
        """The installed plugins, ordered by package name.

        Args:
            check: Import every plugin, so that broken ones are found.
        """
        infos: dict[str, PluginInfo] = {}
        for claim in self._all:
            info = infos.setdefault(
                claim.distribution, PluginInfo(claim.distribution, claim.version)
            )
            if claim.kind not in ("defaults", "dialects", "setup", "tools"):
                getattr(info, claim.kind).append(claim.name)
        for distribution, info in infos.items():
            claims = [claim for claim in self._all if claim.distribution == distribution]
            self._describe(info, claims, check=check)
        return sorted(infos.values(), key=lambda info: info.distribution.lower())

    @cached_property
    def middleware(self) -> list[object]:
        """The installed, working wrappers, ordered by name."""
        wrappers = sorted(
            (claim for claim in self._claims if claim.kind == "middleware"), key=lambda c: c.name
        )
        loaded = [self._try_load(claim) for claim in wrappers]
        return list({id(found.plugin): found.plugin for found in loaded if found}.values())

    @property
    def middleware_names(self) -> list[str]:
        """The names of the wrappers and of their packages, as used in settings."""
        claims = [claim for claim in self._claims if claim.kind == "middleware"]
        return sorted({name for each in claims for name in (each.name, each.distribution)})

    @property
    def plugin_names(self) -> list[str]:
        """The names under which installed plugins can have settings, sorted."""
        own = {claim.name for claim in self._claims if claim.kind in ("providers", "middleware")}
        return sorted(own | {claim.distribution for claim in self._claims})

    def _find_disabled(self, claims: Iterable[Claim]) -> set[str]:
        off = {
            normalize_name(name)
            for name, e in self._config.plugins.entries.items()
            if not e.enabled
        }
        return {
            claim.distribution
            for claim in claims
            if normalize_name(claim.distribution) in off
            or (claim.kind in ("providers", "middleware") and normalize_name(claim.name) in off)
        }

    @cached_property
    def _modules(self) -> dict[str, str]:
        """The modules that entry points name as plugins, each with its package."""
        return {
            claim.value.partition("[")[0].partition(":")[0].strip(): claim.distribution
            for claim in self._claims
            if claim.kind in _WITH_HOOKS
        }

    def _claims_on(self, kind: Kind, name: str) -> list[Claim]:
        return self._claims_by_name.get((kind, fold_provider(name)), [])

    @cached_property
    def _claims_by_name(self) -> dict[tuple[Kind, str], list[Claim]]:
        found: dict[tuple[Kind, str], list[Claim]] = defaultdict(list)
        for claim in self._claims:
            found[claim.kind, claim.name].append(claim)
        return found

    def _sole_owner(self, claims: list[Claim], what: str) -> Owner | None:
        if not claims:
            return None
        packages = sorted({claim.distribution for claim in claims})
        if len(packages) > 1:
            msg = f"{' and '.join(packages)} both claim {what}."
            first = packages[0]
            hint = f"Uninstall one, or set plugins.entries[{first!r}].enabled to false."
            raise PluginError(msg, hint=hint)
        claim = claims[0]
        key = (claim.distribution, claim.value)
        if key not in self._owners:  # what is there needs no lock
            with self._making:
                if key not in self._owners:
                    loaded = self._load(claim)
                    self._owners[key] = Owner(claim, loaded, self.middleware)
        return self._owners[key]

    def _load(self, claim: Claim) -> LoadedPlugin:
        key = _key_of(claim)
        if key in self._failed:
            raise PluginError(str(self._failed[key]), hint=self._failed[key].hint)
        if key not in self._loaded:
            try:
                self._loaded[key] = load(claim)
            except PluginError as error:
                self._failed[key] = error
                raise
        return self._loaded[key]

    def _try_load(self, claim: Claim) -> LoadedPlugin | None:
        try:
            return self._load(claim)
        except PluginError as error:
            import logging

            logging.getLogger("modelwire").warning("%s It is left out.", error)
            return None

    def _describe(self, info: PluginInfo, claims: list[Claim], *, check: bool) -> None:
        """Set the state of a plugin; the worst one counts."""
        if info.distribution in self._disabled:
            info.state = "disabled"
            info.reasons = ["plugins.entries switches it off"]
            return
        hooks = [claim for claim in claims if claim.kind in _WITH_HOOKS]
        for claim in hooks if check else ():
            with contextlib.suppress(PluginError):
                self._load(claim)
        keys = dict.fromkeys(_key_of(claim) for claim in hooks)
        failures = [str(self._failed[key]) for key in keys if key in self._failed]
        conflicts = [text for claim in claims for text in self._rivals(claim)]
        if failures or conflicts:
            info.state = "quarantined" if failures else "conflict"
            info.reasons = failures + conflicts
        elif any(key in self._loaded for key in keys):
            info.state = "loaded"

    def _rivals(self, claim: Claim) -> list[str]:
        """Other packages that claim the same id, auth mode or alias. Several may speak one API."""
        if claim.kind not in ("providers", "auth", "aliases"):
            return []
        if claim.kind == "auth":
            rivals = {c.distribution: "auth mode" for c in self._claims_on("auth", claim.name)}
        else:
            rivals = {c.distribution: "provider" for c in self._claims_on("providers", claim.name)}
        if claim.kind == "aliases":
            for other in self._claims_on("aliases", claim.name):
                if normalize_name(other.value) != normalize_name(claim.value):
                    rivals.setdefault(other.distribution, "alias")
        rivals.pop(claim.distribution, None)
        return [
            f"{rival} claims the {kind} {claim.name!r} too"
            for rival, kind in sorted(rivals.items())
        ]

    def _refuse(self, provider: str) -> NoReturn:
        rivals = sorted({claim.distribution for claim in self._claims_on("aliases", provider)})
        if len(rivals) > 1:
            msg = f"{' and '.join(rivals)} both claim the alias {provider!r}."
            raise PluginError(msg, hint="Name the provider by its own id.")
        known = sorted({*self.provider_ids, *self.aliases, *self._config.models.providers})
        named = {self.canonical(name): name for name in near_matches(provider, known)[::-1]}
        near = list(named.values())[::-1]  # the likeliest name of each provider
        msg = f"No installed plugin provides {provider!r}."
        if near:
            hint = did_you_mean(near)
        else:
            hint = (
                f"Install the plugin that does, or set models.providers.{provider}.api to an API "
                "that an installed plugin speaks. `modelwire plugins list` shows what is installed."
            )
        raise PluginError(msg, hint=hint)

    def _refuse_api(self, provider: str, api: str) -> NoReturn:
        from modelwire.registry.refusals import unknown_api

        raise unknown_api(provider, api, self._claims)

    def _refuse_auth(self, provider: ProviderConfig, mode: str) -> NoReturn:
        from modelwire.registry.refusals import unknown_auth

        raise unknown_auth(provider, mode, self._claims)


def _keep(known: dict[K, V], key: K, value: V) -> V:
    """Keep a value; the names in requests are unlimited, so all are dropped at a limit."""
    if len(known) >= _MOST_KNOWN:
        known.clear()
    known[key] = value
    return value


def _key_of(claim: Claim) -> _Key:
    return (claim.distribution, claim.value, claim.kind == "middleware")
