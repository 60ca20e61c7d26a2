"""Request options: guardrail, service tier, labels, performance, prompt variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import define, field

from modelwire.errors import ConfigError, Problem
from modelwire.hookspecs import CompletionOptions
from modelwire.repair import Changes, clean_text
from modelwire_bedrock.models.families import Family

__all__ = ["Params", "envelope", "merge_fields", "object_param"]

_READ_ELSEWHERE = frozenset({
    # Where to send the request, and with which credentials. Secrets are not taken from parameters.
    "region", "profile",
    # What the agent around the model reads.
    "transport", "fastMode",
})  # fmt: skip


@define
class Params:
    """Takes parameters by name, and knows which were not taken."""

    _values: Mapping[str, Any]
    _changes: Changes
    _taken: set[str] = field(factory=set, init=False)

    def take(self, *names: str) -> tuple[str, Any]:
        """The first of these spellings that has a value: its path for messages, and the value.

        The value is `None` where no spelling has one.
        """
        if not self._values:
            return f"options.params.{names[0]}", None
        self._taken.update(names)
        for name in names:
            value = self._values.get(name)
            if value is not None:
                return f"options.params.{name}", value
        return f"options.params.{names[0]}", None

    def note_unknown(self) -> None:
        """Record every parameter that was not taken, with a near match."""
        from difflib import get_close_matches  # only what is misspelled needs it

        for name in self._values:
            if name not in self._taken and name not in _READ_ELSEWHERE:
                near = get_close_matches(name, [*self._taken, *_READ_ELSEWHERE], n=1, cutoff=0.75)
                meant = f" Did you mean {near[0]!r}?" if near else ""
                self._changes.note(
                    "ignored",
                    f"options.params.{name}",
                    "Not a parameter of this API; put model parameters in "
                    f"additionalModelRequestFields, and others of Converse in converse.{meant}",
                )


def object_param(path: str, value: Any, changes: Changes) -> dict[str, Any]:
    """A parameter that must be an object; anything else is dropped and recorded."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    changes.dropped(path, "It is not an object.")
    return {}


_SETTINGS = "plugins.entries.amazon-bedrock.config"
_TIERS = ("default", "flex", "priority", "reserved")
_LATENCIES = ("standard", "optimized")
_GUARDRAIL_CHOICES = {
    "streamProcessingMode": ("sync", "async"),
    "trace": ("enabled", "disabled", "enabled_full"),
}
_MOST_LABELS = 16
_LONGEST_LABEL = 256
_NOT_IN_LABELS = re.compile(r"[^a-zA-Z0-9\s:_@$#=/+,\-.]", re.ASCII)
"""From the service's model, as are the two limits."""


def envelope(
    options: CompletionOptions,
    settings: Mapping[str, Any],
    family: Family,
    params: Params,
    changes: Changes,
) -> dict[str, Any]:
    """Write what goes with the conversation.

    Raises:
        ConfigError: A guardrail is configured that could not work. Without it the request would go
            out unguarded.
    """
    parts = {
        "guardrailConfig": _guardrail(settings, params),
        "serviceTier": _service_tier(family, params, changes),
        "performanceConfig": _performance(params, changes),
        "promptVariables": _prompt_variables(params, changes),
        "requestMetadata": _labels(options, params, changes),
    }
    return {key: part for key, part in parts.items() if part}


def _guardrail(settings: Mapping[str, Any], params: Params) -> dict[str, Any] | None:
    path, given = params.take("guardrailConfig", "guardrail")
    if given is None:
        path, given = f"{_SETTINGS}.guardrail", settings.get("guardrail")
    if given is None:
        return None
    problems = []
    if not isinstance(given, Mapping):
        problems.append(Problem(path, "expected an object"))
        given = {}
    config: dict[str, Any] = {}
    for key in ("guardrailIdentifier", "guardrailVersion"):
        # Users often write a version as a number.
        value = str(given.get(key) or "").strip()
        if value:
            config[key] = value
        elif not problems or given:
            problems.append(Problem(f"{path}.{key}", "is needed for a guardrail"))
    for key, choices in _GUARDRAIL_CHOICES.items():
        value = given.get(key)
        if value in choices:
            config[key] = value
        elif value is not None:
            problems.append(
                Problem(f"{path}.{key}", f"expected one of {', '.join(choices)}; found {value!r}")
            )
    if problems:
        msg = "The guardrail is not configured completely, so nothing is sent."
        raise ConfigError(msg, problems=problems)
    return config


def _service_tier(family: Family, params: Params, changes: Changes) -> dict[str, str] | None:
    path, given = params.take("serviceTier", "service_tier")
    if isinstance(given, Mapping):
        given = given.get("type")
    if given is None:
        return None
    tier = str(given).strip().lower()
    if tier not in _TIERS:
        changes.dropped(path, f"{given!r} is not a service tier; use one of {', '.join(_TIERS)}.")
        return None
    if family.service_tiers is not None and tier not in family.service_tiers:
        changes.dropped(path, f"{family.key} has no service tier {tier}.")
        return None
    return {"type": tier}


def _performance(params: Params, changes: Changes) -> dict[str, str] | None:
    path, given = params.take("performanceConfig", "performance_config")
    latency = object_param(path, given, changes).get("latency")
    if latency is None:
        return None
    if latency not in _LATENCIES:
        changes.dropped(f"{path}.latency", f"{latency!r} is none of {', '.join(_LATENCIES)}.")
        return None
    return {"latency": latency}


def _prompt_variables(params: Params, changes: Changes) -> dict[str, dict[str, str]]:
    path, given = params.take("promptVariables", "prompt_variables")
    variables = {}
    for name, value in object_param(path, given, changes).items():
        text = value.get("text") if isinstance(value, Mapping) else value
        if isinstance(text, str):
            variables[str(name)] = {"text": clean_text(text)}
        else:
            changes.dropped(f"{path}.{name}", "A prompt variable is a text.")
    return variables


def _labels(options: CompletionOptions, params: Params, changes: Changes) -> dict[str, str]:
    path, given = params.take("requestMetadata", "request_metadata")
    labels: dict[str, str] = {}
    sources = ((path, object_param(path, given, changes)), ("options.metadata", options.metadata))
    for source, entries in sources:
        for key, value in entries.items():
            place = f"{source}.{key}"
            name, text = _label(str(key)), _label(str(value))
            if not name:
                changes.dropped(place, "A label needs a name.")
            elif len(labels) == _MOST_LABELS and name not in labels:
                changes.dropped(place, f"The service takes {_MOST_LABELS} labels at most.")
            else:
                if (name, text) != (key, value):
                    changes.rewritten(
                        place,
                        f"Labels have {_LONGEST_LABEL} characters at most, and only plain ones.",
                    )
                labels[name] = text
    return labels


def _label(text: str) -> str:
    return _NOT_IN_LABELS.sub("_", clean_text(text))[:_LONGEST_LABEL]


def merge_fields(
    ours: dict[str, Any], given: Mapping[str, Any], path: str, changes: Changes
) -> dict[str, Any]:
    """Put the caller's own model fields over ours, object by object; lists of betas are joined."""
    merged = dict(ours)
    for key, value in given.items():
        place = f"{path}.{key}"
        mine = merged.get(key)
        if isinstance(mine, dict) and isinstance(value, Mapping):
            merged[key] = merge_fields(mine, value, place, changes)
        elif isinstance(mine, list) and isinstance(value, list):
            merged[key] = [*mine, *(item for item in value if item not in mine)]
        else:
            if mine is not None and mine != value:
                changes.rewritten(
                    place, f"It takes the place of {mine!r}, which the options ask for."
                )
            merged[key] = value
    return merged
