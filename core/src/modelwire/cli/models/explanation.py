"""The explanation of a model reference: how it resolves, step by step, and where that fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from attrs import Factory, define

from modelwire.authoring.embeddings import only_embeds
from modelwire.catalog import Listing
from modelwire.cli.model_check import ModelCheck, check_reference
from modelwire.cli.models.status_report import credentials_to_json
from modelwire.errors import ModelwireError, PluginError, UnknownModel
from modelwire.models import Model, ModelRef
from modelwire.redaction import shown_url
from modelwire.runtime import Runtime
from modelwire.runtime.dry_run import NothingToSend
from modelwire.runtime.resolver import default_ref, full_ref
from modelwire.transport import Deadlines

__all__ = ["Explanation", "ExplanationStep", "explain"]

State = Literal["ok", "doubt", "failed", "skipped"]

_SECONDS = 10.0
_FACTS = {
    "baseModel": "base model",
    "calledAs": "called as",
    "profile": "profile",
    "region": "region",
    "endpoint": "endpoint",
}


@define
class ExplanationStep:
    """One step on the way from a reference to a request.

    Attributes:
        name: The step.
        value: What came out of it, or `None`.
        source: Where that comes from.
        state: `ok`; `doubt` where it may fail in a call; `failed`; `skipped`.
        problem: What is wrong or doubtful.
        hint: What to do about it.
        data: The same for programs, where there is more than a text.
    """

    name: str
    value: str | None = None
    source: str | None = None
    state: State = "ok"
    problem: str | None = None
    hint: str | None = None
    data: dict[str, Any] = Factory(dict)

    def to_json(self) -> dict[str, Any]:
        """The step for programs."""
        return {
            "step": self.name,
            "status": self.state,
            "value": self.value,
            "source": self.source,
            "problem": self.problem,
            "hint": self.hint,
            **({"data": self.data} if self.data else {}),
        }


@define
class Explanation:
    """All steps of one reference.

    Attributes:
        reference: The reference that is explained.
        steps: The steps, in their order; nothing comes after one that names no model.
        ref: The model that it means, or `None`.
    """

    reference: str | None
    steps: list[ExplanationStep] = Factory(list)
    ref: ModelRef | None = None

    @property
    def failed_at(self) -> ExplanationStep | None:
        """The first step that failed, or `None`."""
        return next((step for step in self.steps if step.state == "failed"), None)

    def to_json(self) -> dict[str, Any]:
        """The whole for programs."""
        failed = self.failed_at
        return {
            "reference": self.reference,
            "resolved": str(self.ref) if self.ref else None,
            "ok": failed is None,
            "failedAt": failed.name if failed else None,
            "steps": [step.to_json() for step in self.steps],
        }


async def explain(runtime: Runtime, text: str | None, *, offline: bool = False) -> Explanation:
    """Follow the path of a call up to the request, and record every step.

    Args:
        runtime: Whose configuration and plugins are used.
        text: The reference; `None` is the primary model.
        offline: Fetch no lists, and load no credentials: the request is not made.
    """
    found = Explanation(text)
    try:
        text = _reference(runtime, found)
        found.ref = await _resolve(runtime, found, text, offline=offline)
        model = _plugin(runtime, found)
        listing = await _listing(runtime, model.provider, offline=offline)
    except ModelwireError as error:
        step = found.steps[-1]
        step.state, step.problem, step.hint = "failed", str(error), error.hint
        return found
    model = runtime.catalog.model(model.ref)
    # A plugin that has a say in this may have to be imported.
    checked = await asyncio.to_thread(
        check_reference, runtime.config, runtime.registry, str(model.ref)
    )
    found.steps.append(_listed(model, checked, listing))
    described = _described(runtime, model, found)
    usable = _credentials(runtime, model)
    found.steps += [*described, usable, *_known(model)]
    found.steps.append(await _request(runtime, model, found, offline=offline))
    return found


def _reference(runtime: Runtime, found: Explanation) -> str:
    primary = runtime.config.agents.defaults.model.primary
    text = found.reference
    source = "as given"
    if text is None and primary is not None:
        text, source = primary, "agents.defaults.model.primary"
    found.steps.append(ExplanationStep("reference", text, source))
    if text is None:
        text = str(default_ref(runtime.config, runtime.registry))
        found.steps[-1] = ExplanationStep(
            "reference", text, "the model that needs no configuration"
        )
    found.reference = text
    return text


async def _resolve(
    runtime: Runtime, found: Explanation, text: str, *, offline: bool
) -> ModelRef | None:
    config, registry = runtime.config, runtime.registry
    target = config.expand_alias(text)
    if target != text.strip():
        source = f'agents.defaults.models["{target}"].alias'
        found.steps.append(ExplanationStep("alias", target, source))
    step = ExplanationStep("provider")
    found.steps.append(step)
    ref = full_ref(registry, target)
    if ref is not None:
        written = target.partition("/")[0].strip()
        step.value = ref.provider
        named = written.lower() == ref.provider
        step.source = "named by the reference" if named else f"{written} is another name of it"
        return ref
    if offline:
        checked = check_reference(config, registry, target)
        if checked.ref is None:
            raise UnknownModel(checked.problem or "", hint=checked.hint)
        ref = checked.ref
    else:
        ref = (await runtime.resolve(target)).ref
    step.value, step.source = ref.provider, "the only one with a model of this name"
    return ref


def _plugin(runtime: Runtime, found: Explanation) -> Model:
    """Find the plugin that would be called, and what is known of the model."""
    assert found.ref is not None  # noqa: S101 - a reference that names nothing was an error
    registry = runtime.registry
    step = ExplanationStep("plugin")
    found.steps.append(step)
    model = runtime.catalog.model(found.ref)
    owner = registry.owner(model.provider, model.api)
    versions = {info.distribution: info for info in registry.plugins()}
    info = versions.get(owner.distribution)
    step.value = f"{owner.distribution} {info.version}" if info else owner.distribution
    owns = info is not None and model.provider in info.providers
    step.source = "it owns the provider" if owns else f"it speaks {model.api}"
    step.data = {"distribution": owner.distribution, "version": info.version if info else None}
    if not owner.implements("stream_completion"):
        msg = f"{owner.distribution} cannot stream completions for {model.provider!r}."
        raise PluginError(msg)
    configured = registry.provider_config(model.provider).api
    path = f"models.providers.{model.provider}.api" if configured else "the plugin's own"
    if model.api is not None:
        found.steps.append(ExplanationStep("api", model.api, path))
    return model


async def _listing(runtime: Runtime, provider: str, *, offline: bool) -> Listing:
    if offline:
        return runtime.catalog.cached(provider)
    return await runtime.catalog.listing(provider)


def _listed(model: Model, checked: ModelCheck, listing: Listing) -> ExplanationStep:
    """Whether any list has the model."""
    step = ExplanationStep(
        "model", model.name if model.name == model.id else f"{model.name} ({model.id})"
    )
    step.data = {"id": model.id, "name": model.name, "sources": list(model.sources)}
    if checked.known:
        age = ""
        if "discovered" in model.sources and listing.fetched_at is not None:
            age = f" {_ago(time.time() - listing.fetched_at)} ago"
        listed_as = model.extra.get("listedAs")
        listed = f"listed as {' and '.join(listed_as)}" if listed_as else ""
        step.source = " and ".join(model.sources) + age or listed or "it comes with the plugin"
        return step
    step.state, step.hint = "doubt", checked.hint
    if checked.absent:
        step.state, step.problem = "failed", checked.problem
        return step
    if listing.error is not None:
        step.problem = f"The models of {model.provider} could not be listed: {listing.error}"
        step.hint = listing.error.hint or checked.hint
    elif checked.listed and listing.incomplete:
        reasons = " ".join(listing.incomplete)
        step.problem = f"The list of {model.provider}'s models does not have it. {reasons}"
    elif checked.listed:
        step.problem = f"No list of {model.provider}'s models has it; it may exist anyway."
    else:
        step.problem = f"The models of {model.provider} have not been listed yet."
    return step


def _described(runtime: Runtime, model: Model, found: Explanation) -> list[ExplanationStep]:
    """The plugin's description of a call, known keys first. An `api` in it is the one used."""
    try:
        facts = runtime.describe_call(model)
    except ModelwireError as error:
        return [ExplanationStep("endpoint", state="failed", problem=str(error), hint=error.hint)]
    if "api" in facts:
        step = next((step for step in found.steps if step.name == "api"), None)
        if step is None:
            step = ExplanationStep("api")
            found.steps.append(step)
        step.value, step.source = facts.pop("api"), facts.pop("apiSource", step.source)
    if model.base_url is not None:
        facts.setdefault("endpoint", shown_url(model.base_url))
    order = [key for key in _FACTS if key in facts]
    order += [key for key in facts if key not in _FACTS and not _is_source(key, facts)]
    return [
        ExplanationStep(_FACTS.get(key, key), facts[key], facts.get(f"{key}Source"))
        for key in order
    ]


def _is_source(key: str, facts: Mapping[str, str]) -> bool:
    return key.endswith("Source") and key.removesuffix("Source") in facts


def _credentials(runtime: Runtime, model: Model) -> ExplanationStep:
    found = runtime.catalog.credentials(model.provider)
    states: dict[str, State] = {"usable": "ok", "unusable": "failed"}
    step = ExplanationStep("credentials", found.source, state=states.get(found.state, "doubt"))
    step.data = credentials_to_json(found)
    if found.state != "usable":
        step.problem = found.reason or f"they are {found.state}"
        step.hint = found.hint
    if found.expires_at is not None:
        step.source = f"expires {found.expires_at.astimezone():%Y-%m-%d %H:%M %Z}"
        if found.expires_at <= datetime.now(UTC):
            step.state, step.problem = "failed", "they have expired"
    return step


def _known(model: Model) -> Iterator[ExplanationStep]:
    """The known facts about the model: its limits, abilities and price."""
    assumed = model.extra.get("assumedLimits") or ()
    sizes = {"context": model.context_tokens or model.context_window, "answer": model.max_tokens}
    limits = [f"{name} {size:,} tokens" for name, size in sizes.items() if size is not None]
    data: dict[str, Any] = {
        "contextWindow": model.context_window,
        "contextTokens": model.context_tokens,
        "maxTokens": model.max_tokens,
        "assumed": list(assumed),
    }
    source = f"assumed: {', '.join(assumed)}" if assumed else None
    yield ExplanationStep("limits", ", ".join(limits) or "unknown", source, data=data)
    abilities = [*(model.input or ()), *(["tools"] if model.tools else [])]
    abilities += ["reasoning"] if model.reasoning else []
    data = {"input": model.input, "tools": model.tools, "reasoning": model.reasoning}
    step = ExplanationStep("abilities", ", ".join(abilities) or "unknown", data=data)
    if not model.may_answer:
        error = only_embeds(model)
        step.state, step.problem, step.hint = "failed", str(error), error.hint
    yield step
    prices = model.prices
    kinds = ("input", "output", "cache_read", "cache_write")
    known = {
        kind: getattr(prices, kind) for kind in kinds if getattr(prices, kind, None) is not None
    }
    text = ", ".join(f"{kind.replace('_', ' ')} {price:g}" for kind, price in known.items())
    unit = "USD per million tokens" if known else None
    yield ExplanationStep("price", text or "unknown", unit, data=known)


async def _request(
    runtime: Runtime, model: Model, found: Explanation, *, offline: bool
) -> ExplanationStep:
    """Make the request and do not send it."""
    step = ExplanationStep("request", state="skipped")
    if found.failed_at is not None:
        step.problem = f"Skipped, because {found.failed_at.name} failed."
    elif offline:
        step.problem = "Skipped with --offline."
    elif model.local and not any(item.name == "endpoint" for item in found.steps):
        step.state, step.value = "ok", "none; the plugin answers by itself"
    else:
        try:
            made = await runtime.dry_run(
                "Hello", model=model.ref, deadlines=Deadlines(total=_SECONDS)
            )
        except NothingToSend:
            step.state, step.value = "ok", "none; the plugin answers by itself"
            return step
        except ModelwireError as error:
            step.state, step.problem, step.hint = "failed", str(error), error.hint
            return step
        shown = made.to_json()
        step.state, step.value = "ok", f"{shown['method']} {shown['url']}"
        step.source = "made, and not sent"
        step.data = {"url": shown["url"], "changes": shown["changes"]}
    return step


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
