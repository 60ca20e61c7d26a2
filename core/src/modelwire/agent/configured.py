"""Agents of the configuration: the entries of `agents.list` and `agents.entries`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from attrs import evolve, frozen

from modelwire.config import Config
from modelwire.document import Path, format_path
from modelwire.errors import ConfigError, Problem
from modelwire.hookspecs import CompletionOptions
from modelwire.models import ReasoningLevel
from modelwire.runtime.options import merge_options
from modelwire.text import near_matches

__all__ = ["ConfiguredAgent", "find_agent"]


_ADAPTIVE = "adaptive"
"""OpenClaw's value for a model that decides itself how much it thinks; nothing is sent for it."""


@frozen
class ConfiguredAgent:
    """The configured settings of an agent.

    Attributes:
        model: Its model, or `None` for the primary one.
        fallbacks: The models to fall back on; `None` means those of the defaults. An agent with a
            model of its own has only its own fallbacks, and one that lists fallbacks has those.
        options: Its options.
        name: Its id, or without one its name; `None` means the defaults.
    """

    model: str | None
    fallbacks: tuple[str, ...] | None
    options: CompletionOptions
    name: str | None = None


def find_agent(config: Config, name: str | None, options: CompletionOptions) -> ConfiguredAgent:
    """Find an agent by its id or its name; case does not matter.

    Args:
        config: The configuration.
        name: The id or the name. `None` is the agent that is marked as `default`, or without one
            `agents.defaults`.
        options: The caller's options; they take precedence.

    Raises:
        ConfigError: There is no such agent, or a setting of it is not valid.
        VariableNotSet: A setting of it refers to a variable that is not set.
    """
    agents = dict(_agents(config))
    if name is None:
        marked = (place for place, agent in agents.items() if agent.get("default") is True)
        place = next(marked, None)
        if place is None:
            return ConfiguredAgent(None, None, options)
        return _read(config, place, agents[place], options)
    wanted = name.strip().casefold()
    for place, agent in agents.items():
        if wanted in (each.casefold() for each in _names(place, agent)):
            return _read(config, place, agent, options)
    known = sorted({_names(place, agent)[0] for place, agent in agents.items()})
    near = near_matches(name, known, most=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known) or 'none'}."
    msg = f"The configuration has no agent {name!r} in agents.list or agents.entries."
    raise ConfigError(msg, source=str(config.path) if config.path else None, hint=hint)


def _agents(config: Config) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every agent, by its path."""
    listed, named = config.agents.extra.get("list"), config.agents.extra.get("entries")
    for index, agent in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(agent, Mapping):
            yield ("agents", "list", index), agent
    for key, agent in named.items() if isinstance(named, Mapping) else ():
        if isinstance(agent, Mapping):
            yield ("agents", "entries", key), agent


def _names(place: Path, agent: Mapping[str, Any]) -> list[str]:
    """The names that an agent answers to; its id comes first."""
    of_entry = [str(place[-1])] if "entries" in place else []
    given = [agent.get("id"), agent.get("name")]
    names = of_entry + [each.strip() for each in given if isinstance(each, str) and each.strip()]
    return names or [format_path(place)]


def _read(
    config: Config, place: Path, agent: Mapping[str, Any], options: CompletionOptions
) -> ConfiguredAgent:
    config.require_variables((*place, "params"), (*place, "thinkingDefault"))
    params = agent.get("params")
    merged = merge_options(params if isinstance(params, Mapping) else {}, options)
    level = agent.get("thinkingDefault")
    if merged.reasoning is None and level is not None and level != _ADAPTIVE:
        if level not in get_args(ReasoningLevel):
            allowed = ", ".join(get_args(ReasoningLevel))
            problem = Problem(
                format_path((*place, "thinkingDefault")), f"expected one of {allowed}"
            )
            msg = "A setting of an agent is not valid."
            raise ConfigError(msg, problems=[problem])
        merged = evolve(merged, reasoning=level)
    choice = agent.get("model")
    written = choice if isinstance(choice, Mapping) else {"primary": choice}
    primary, fallbacks = written.get("primary"), written.get("fallbacks")
    model = primary.strip() if isinstance(primary, str) and primary.strip() else None
    name = _names(place, agent)[0]
    if model is None and not isinstance(fallbacks, list):
        return ConfiguredAgent(None, None, merged, name)
    own = fallbacks if isinstance(fallbacks, list) else []
    return ConfiguredAgent(
        model, tuple(each for each in own if isinstance(each, str)), merged, name
    )
