"""The resolver: from a reference to the one model that it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from modelwire.config import Config
from modelwire.errors import ConfigError, ModelwireError, UnknownModel
from modelwire.models import ModelRef
from modelwire.registry import Registry

__all__ = ["default_ref", "expand_alias", "full_ref", "named_refs", "pick_bare_name"]

_NONE: Mapping[str, ModelwireError] = {}


def expand_alias(config: Config, text: str) -> str:
    """Replace an alias by the reference that it stands for; aliases come before anything else."""
    return config.aliases().get(text.strip().casefold(), text.strip())


def full_ref(registry: Registry, text: str) -> ModelRef | None:
    """Read `provider/model-id` with the provider under its own id; `None` for a bare name.

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


def named_refs(config: Config, registry: Registry) -> list[ModelRef]:
    """The models that have settings of their own under `agents.defaults.models`."""
    entries = (
        ModelRef.parse(key)
        for key in config.agents.defaults.models
        if not key.strip().endswith("*")
    )
    return [ModelRef(registry.canonical(ref.provider), ref.model) for ref in entries if ref]


def pick_bare_name(
    name: str,
    known: Iterable[ModelRef],
    aliases: Iterable[str],
    unlisted: Mapping[str, ModelwireError] = _NONE,
) -> ModelRef:
    """Find the one known model with this id.

    An id in the same case comes before one in another. There is no guess: a name that fits several
    providers, or none, is an error, since the wrong vendor must never answer.

    Args:
        name: The id.
        known: The models to look among.
        aliases: The user's short names, which may be near ones.
        unlisted: Providers whose models could not be listed, and why.

    Raises:
        UnknownModel: Not exactly one model has this id; `candidates` are near ones.
    """
    refs = sorted(set(known), key=str)
    exact = [ref for ref in refs if ref.model == name]
    matches = exact or [ref for ref in refs if ref.model.casefold() == name.casefold()]
    if len(matches) == 1:
        return matches[0]
    if matches:
        candidates = [str(ref) for ref in matches]
        msg = f"{name!r} could be {' or '.join(candidates)}."
        raise UnknownModel(msg, candidates=candidates, hint="Write it as provider/model-id.")
    candidates = _near(name, refs, aliases)
    hint = "Write it as provider/model-id; `modelwire models list` shows what there is."
    if candidates:
        hint = f"Did you mean {' or '.join(candidates)}?"
    reasons = [f" The models of {who} could not be listed: {why}" for who, why in unlisted.items()]
    msg = f"No configured or discovered model is called {name!r}.{''.join(reasons)}"
    raise UnknownModel(msg, candidates=candidates, hint=hint)


def default_ref(config: Config, registry: Registry) -> ModelRef:
    """The model to use when nothing is configured at all: the one that is installed for that.

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
    raise ConfigError(msg, source=str(config.path) if config.path else None, hint=hint)


def _near(name: str, refs: Iterable[ModelRef], aliases: Iterable[str]) -> list[str]:
    from difflib import get_close_matches

    folded = name.casefold()
    by_text = {alias: alias for alias in aliases} | {ref.model.casefold(): str(ref) for ref in refs}
    inside = [text for text in by_text if folded in text]
    near = [*inside, *get_close_matches(folded, by_text, n=5, cutoff=0.5)]
    return [by_text[text] for text in dict.fromkeys(near)][:5]
