"""The resolver: from a reference to the one model that it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from attrs import asdict, evolve, field, frozen

from modelwire.catalog import Catalog
from modelwire.config import Config
from modelwire.config.environment import has_placeholder
from modelwire.document import Path
from modelwire.errors import ConfigError, ModelwireError, UnknownModel
from modelwire.hookspecs import CompletionOptions, EmbeddingOptions
from modelwire.models import Model, ModelRef, ReasoningLevel
from modelwire.registry import Owner, Registry
from modelwire.runtime.options import NO_OPTIONS, merge_embedding_options, merge_options
from modelwire.text import did_you_mean
from modelwire.transport.deadlines import Deadlines

__all__ = ["Resolver", "default_ref", "full_ref", "named_by", "named_refs", "unknown_name"]

_NONE: Mapping[str, ModelwireError] = {}
_MOST_KNOWN = 1024
"""The number of cached references; users of a server may write arbitrarily many."""


@frozen
class Resolver:
    """Finds the models that references name, and the options for each.

    Attributes:
        config: The configuration, which has the aliases and the parameters of models.
        registry: The plugins.
        catalog: What is known about models.
    """

    config: Config
    registry: Registry
    catalog: Catalog
    _refs: dict[str, ModelRef] = field(factory=dict, init=False, repr=False, eq=False)
    _plain: dict[tuple[str, str], tuple[Model, Deadlines, dict[str, Any]]] = field(
        factory=dict, init=False, repr=False, eq=False
    )
    """The options of calls without options of their own, each with the model at that time."""
    _params: dict[tuple[str, str], tuple[Model, Mapping[str, Any]]] = field(
        factory=dict, init=False, repr=False, eq=False
    )
    """The configured parameters of models, each with the model at that time."""
    _bounds: dict[str, tuple[Deadlines, Deadlines]] = field(
        factory=dict, init=False, repr=False, eq=False
    )
    """Limits of calls without limits of their own, by provider, each with the transport's."""

    async def resolve(self, ref: ModelRef | str | None = None) -> Model:
        """Find the model that a reference names, as in `Runtime.resolve`.

        Raises:
            UnknownModel: It names no model, or several; `candidates` are near ones.
            PluginError: No installed plugin provides it, or the one that does is broken.
            ConfigError: There is no primary model.
        """
        if ref is None:
            ref = self._primary()
        if isinstance(ref, str):
            self.config.require_reference(ref)
            ref = self._named(ref) or await self._find(self.config.expand_alias(ref))
        await self.catalog.load(ref.provider)
        model = self.catalog.model(ref)
        await self.catalog.load(model.provider, model.api)
        owner = self.registry.owner(model.provider, model.api)
        if self.config.missing:
            self._require_variables(model, owner)
        return model

    def candidates(
        self, model: ModelRef | str | None, fallbacks: Sequence[ModelRef | str] | None
    ) -> list[ModelRef | str]:
        """List the references to try for one answer, in order.

        Args:
            model: The caller's reference; `None` is the primary model.
            fallbacks: The models to fall back on. `None` means the configuration's fallbacks for
                the primary model, and none for another.

        Raises:
            ConfigError: There is no primary model.
        """
        if fallbacks is None:
            fallbacks = self.config.agents.defaults.model.fallbacks if model is None else ()
        return self._distinct(self._primary() if model is None else model, fallbacks)

    def embedding_candidates(
        self, model: ModelRef | str | None, fallbacks: Sequence[ModelRef | str]
    ) -> list[ModelRef | str]:
        """List the references to try for embeddings, in order; `None` is `memorySearch`'s model.

        The configuration's fallbacks are for answers. Vectors of different models cannot
        be compared, so no model is replaced without a request for it.

        Raises:
            ConfigError: The configuration names no embedding model.
        """
        return self._distinct(self._embedding_model() if model is None else model, fallbacks)

    def options_for(
        self,
        model: Model,
        requested: CompletionOptions,
        *,
        spent: float = 0.0,
        deadlines: Deadlines,
    ) -> CompletionOptions:
        """Merge the options for a call of a model.

        Args:
            model: The model.
            requested: The caller's options; they override the configuration.
            spent: Seconds that have passed since the call. The caller's total deadline has been
                running since; the configuration's and the transport's begin with each model.
            deadlines: Those of the transport, where neither caller nor configuration set any.

        Raises:
            ConfigError: A configured parameter is not valid for its option.
        """
        if requested is not NO_OPTIONS and requested != NO_OPTIONS:
            return self._options(model, requested, spent, deadlines)
        key = (model.provider, model.id)
        before = self._plain.get(key)
        if before is None or before[0] is not model or before[1] is not deadlines:
            made = self._options(model, requested, spent, deadlines)
            before = (model, deadlines, asdict(made, recurse=False))
            if len(self._plain) < _MOST_KNOWN or key in self._plain:
                self._plain[key] = before
        values = before[2]
        return CompletionOptions(**{**values, "params": dict(values["params"])})

    def _options(
        self, model: Model, requested: CompletionOptions, spent: float, deadlines: Deadlines
    ) -> CompletionOptions:
        limits = self._limits(model.provider, requested.deadlines, spent, deadlines)
        return merge_options(self._params_of(model), requested, deadlines=limits)

    def _params_of(self, model: Model) -> Mapping[str, Any]:
        """The request parameters that the configuration gives a model."""
        key = (model.provider, model.id)
        before = self._params.get(key)
        if before is not None and before[0] is model:
            return before[1]
        defaults = self.config.agents.defaults
        names = self.registry.names_of(model.provider)
        params = self.config.params_for(*(f"{name}/{model.id}" for name in names))
        if model.reasoning and defaults.thinking_default in get_args(ReasoningLevel):
            params = {"thinking": defaults.thinking_default, **params}
        params |= model.params
        if before is not None or len(self._params) < _MOST_KNOWN:
            self._params[key] = (model, params)
        return params

    def embedding_options_for(
        self, model: Model, requested: EmbeddingOptions, *, spent: float = 0.0, deadlines: Deadlines
    ) -> EmbeddingOptions:
        """Merge the options of embeddings; the arguments are those of `options_for`.

        Parameters for every model are for answers and are left out.

        Raises:
            ConfigError: A configured parameter is not valid for its option.
        """
        names = self.registry.names_of(model.provider)
        provider = self.registry.provider_config(model.provider)
        entries = (entry.params for entry in provider.models if entry.id == model.id)
        own = self.config.own_params(*(f"{name}/{model.id}" for name in names))
        options = merge_embedding_options({**own, **next(entries, {})}, requested)
        return evolve(
            options, deadlines=self._limits(model.provider, options.deadlines, spent, deadlines)
        )

    def _limits(
        self, provider: str, own: Deadlines, spent: float, defaults: Deadlines
    ) -> Deadlines:
        if own.total is not None:
            own = evolve(own, total=max(0.0, own.total - spent))
        under = self._bounds.get(provider)
        if under is None or under[0] is not defaults:
            under = (defaults, self._deadlines(provider).with_defaults(defaults))
            self._bounds[provider] = under
        return under[1] if own is NO_OPTIONS.deadlines else own.with_defaults(under[1])

    def _require_variables(self, model: Model, owner: Owner) -> None:
        """Check that the variables in the settings of a model are set; others do not matter.

        Raises:
            ConfigError: A variable is not set.
        """
        names = self.registry.names_of(model.provider)
        self.config.require_provider(*names)
        self.config.require_plugins(*names, owner.distribution, *self.registry.middleware_names)
        models: Path = ("agents", "defaults", "models")
        own = [
            (*models, key)
            for key in self.config.agents.defaults.models
            if (ref := ModelRef.parse(key)) and ref.model == model.id and ref.provider in names
        ]
        common = ("params", "timeoutSeconds", "firstEventSeconds", "thinkingDefault")
        self.config.require_variables(*own, *(("agents", "defaults", key) for key in common))

    def _deadlines(self, provider_id: str) -> Deadlines:
        """The deadlines that the configuration sets for a provider."""
        provider = self.registry.provider_config(provider_id)
        defaults = self.config.agents.defaults
        limits = {
            "total": provider.timeout_seconds or defaults.timeout_seconds,
            "first_event": provider.first_event_seconds or defaults.first_event_seconds,
        }
        given = {name: limit for name, limit in limits.items() if limit is not None}
        return Deadlines(**given) if given else NO_OPTIONS.deadlines

    def _primary(self) -> ModelRef | str:
        primary = self.config.agents.defaults.model.primary
        return default_ref(self.config, self.registry) if primary is None else primary

    def _embedding_model(self) -> str:
        """The reference to the embedding model that the configuration names.

        Raises:
            ConfigError: The configuration names none.
        """
        chosen = self.config.agents.defaults.memory_search
        if chosen.model is None:
            msg = "No embedding model was named, and the configuration names none."
            hint = (
                "Name a model as provider/model-id, or set agents.defaults.memorySearch.provider "
                "and agents.defaults.memorySearch.model."
            )
            source = str(self.config.path) if self.config.path else None
            raise ConfigError(msg, source=source, hint=hint)
        return chosen.model if chosen.provider is None else f"{chosen.provider}/{chosen.model}"

    def _distinct(
        self, first: ModelRef | str, others: Sequence[ModelRef | str]
    ) -> list[ModelRef | str]:
        return list(dict.fromkeys(map(self._canonical, (first, *others))))

    def _canonical(self, candidate: ModelRef | str) -> ModelRef | str:
        """A reference with its provider's canonical id; unchanged where it is not valid."""
        if isinstance(candidate, ModelRef):
            provider = self.registry.canonical(candidate.provider)
            same = provider == candidate.provider
            return candidate if same else ModelRef(provider, candidate.model)
        if self.config.missing and has_placeholder(candidate):
            return candidate  # what it lacks is reported when it is called
        try:
            return self._named(candidate) or candidate
        except UnknownModel:
            return candidate

    def _named(self, text: str) -> ModelRef | None:
        """The reference that an alias or a full reference names; `None` for a bare name."""
        ref = self._refs.get(text)
        if ref is None:
            ref = full_ref(self.registry, self.config.expand_alias(text))
            if ref is not None and len(self._refs) < _MOST_KNOWN:
                self._refs[text] = ref
        return ref

    async def _find(self, name: str) -> ModelRef:
        """Look for a bare name among everything that is configured or can be discovered."""
        listings = await self.catalog.listings()
        known = [model.ref for listing in listings for model in listing.models]
        known += named_refs(self.config, self.registry)
        unlisted = {item.provider: item.error for item in listings if item.error is not None}
        aliases = self.config.aliases()
        found = named_by(name, known)
        if found is not None:
            return found
        import asyncio

        near = await asyncio.to_thread(_near_models, name, known, aliases, self.registry)
        raise unknown_name(name, near, self.registry, unlisted)


def full_ref(registry: Registry, text: str) -> ModelRef | None:
    """Read `provider/model-id`, with the canonical id of the provider; `None` for a bare name.

    Raises:
        UnknownModel: It is empty, or a side of the slash is.
    """
    ref = ModelRef.parse(text)
    if ref is None:
        if not text.strip() or "/" in text:
            msg = f"{text!r} does not name a model."
            raise UnknownModel(msg, hint="Write provider/model-id.")
        return None
    return ModelRef(registry.canonical(ref.provider), ref.model)


def _near_models(
    name: str, known: Iterable[ModelRef], aliases: Iterable[str], registry: Registry
) -> list[str]:
    """Suggestions for a misspelt name; run in a thread, since it imports modules."""
    from modelwire.runtime.near_models import near_models

    return near_models(name, known, aliases, registry)


def named_refs(config: Config, registry: Registry) -> list[ModelRef]:
    """The models that have settings of their own under `agents.defaults.models`."""
    entries = (
        ModelRef.parse(key)
        for key in config.agents.defaults.models
        if not key.strip().endswith("*")
    )
    return [ModelRef(registry.canonical(ref.provider), ref.model) for ref in entries if ref]


def named_by(name: str, known: Iterable[ModelRef]) -> ModelRef | None:
    """Find the one known model with this id; `None` if there is none.

    An id in the same case comes before one in another. It never guesses: a name that fits several
    providers is an error, since the wrong vendor must never answer.

    Args:
        name: The id.
        known: The models to look among.

    Raises:
        UnknownModel: Several models have this id; `candidates` are these.
    """
    refs = sorted(set(known), key=str)
    exact = [ref for ref in refs if ref.model == name]
    matches = exact or [ref for ref in refs if ref.model.casefold() == name.casefold()]
    if len(matches) > 1:
        candidates = [str(ref) for ref in matches]
        msg = f"{name!r} could be {' or '.join(candidates)}."
        raise UnknownModel(msg, candidates=candidates, hint="Write it as provider/model-id.")
    return matches[0] if matches else None


def unknown_name(
    name: str,
    near: Sequence[str],
    registry: Registry,
    unlisted: Mapping[str, ModelwireError] = _NONE,
) -> UnknownModel:
    """Make the error of a bare name that no known model has.

    Args:
        name: The name.
        near: Suggested references and aliases.
        registry: The installed plugins.
        unlisted: Providers whose models could not be listed, with the reasons.
    """
    from modelwire.runtime.near_models import with_slash

    slashed = with_slash(name, registry)
    candidates = [slashed] if slashed is not None else list(near)
    hint = "Write it as provider/model-id; `modelwire models list` shows what there is."
    if candidates:
        hint = did_you_mean(candidates)
    reasons = [f" The models of {who} could not be listed: {why}" for who, why in unlisted.items()]
    msg = f"No configured or discovered model is called {name!r}.{''.join(reasons)}"
    return UnknownModel(msg, candidates=candidates, hint=hint)


def default_ref(config: Config, registry: Registry) -> ModelRef:
    """The model to use without any configuration: the installed one that needs none.

    Raises:
        ConfigError: There is a configuration, but it names no primary model; or there is none, and
            not exactly one installed plugin brings a model that needs no configuration.
    """
    defaults = registry.default_refs
    if config.path is None and not config.document and len(defaults) == 1:
        return defaults[0]
    if config.path is not None or config.document:
        msg = "The configuration names no model at agents.defaults.model.primary."
    else:
        msg = "No model was named and nothing is configured."
    hint = "Name a model as provider/model-id, or set agents.defaults.model.primary."
    if not registry.provider_ids:
        from modelwire.registry.published import published_plugins

        bare = "" if config.path is not None or config.document else " and nothing is configured"
        msg = f"No provider plugin is installed{bare}."
        names = ", ".join(plugin.distribution for plugin in published_plugins())
        hint = f"Install at least one with pip: {names}."
    raise ConfigError(msg, source=str(config.path) if config.path else None, hint=hint)
