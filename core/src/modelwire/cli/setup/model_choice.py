"""The choice of a model, and its trial."""

from __future__ import annotations

import click

from modelwire.cli.errors import show_failure, show_note
from modelwire.cli.event_loop import run
from modelwire.cli.model_check import check_reference
from modelwire.cli.output import confirm, echo
from modelwire.cli.progress import waiting_for
from modelwire.cli.setup.list_entries import ListEntry
from modelwire.cli.setup.list_question import choose
from modelwire.cli.setup.plan import SetupOptions, SetupPlan
from modelwire.cli.setup.trial import ProviderModels, best_first, look, send
from modelwire.cli.styled import style
from modelwire.config import Config
from modelwire.errors import UnknownModel
from modelwire.models import Model, ModelRef
from modelwire.registry import Registry

__all__ = ["choose_and_try", "choose_primary"]


def choose_and_try(
    options: SetupOptions, plan: SetupPlan, registry: Registry, draft: Config, timeout: float
) -> None:
    """Choose a model, and let it answer one tiny request.

    Raises:
        ModelwireError: It does not answer, or its models are not known.
        click.UsageError: `--model` names no model.
    """
    wanted = _named_model(options, plan, registry)
    with waiting_for(f"checking {plan.provider}..."):
        found = run(look(draft, plan.provider, online=options.test, timeout=timeout))
    if found.credentials.state == "unusable" and found.error is not None:
        plan.model = wanted
        raise found.error
    plan.model = wanted or _pick(options, plan, found)
    if plan.model is None:
        return
    if not options.test:
        checked = check_reference(draft, Registry(draft), str(plan.model))
        if checked.absent:
            raise UnknownModel(checked.problem or "", hint=checked.hint)
        return
    if found.error is not None and not found.models:
        show_note(f"The models could not be listed: {found.error}")
    with waiting_for(f"testing {plan.model}..."):
        plan.seconds = run(send(draft, plan.model, timeout))
    if not options.yes:
        echo(style("ok", fg="green"), f"  {plan.model} answers in {plan.seconds:.1f} s")


def _named_model(options: SetupOptions, plan: SetupPlan, registry: Registry) -> ModelRef | None:
    """The model of `--model`: a reference of this provider, or an id of its own."""
    if options.model is None:
        return None
    text = options.model.strip()
    ref = ModelRef.parse(text)
    if ref is not None and registry.canonical(ref.provider) == plan.provider:
        return ModelRef(plan.provider, ref.model)
    if not text:
        msg = "--model names no model."
        raise click.UsageError(msg)
    return ModelRef(plan.provider, text)


def _pick(options: SetupOptions, plan: SetupPlan, found: ProviderModels) -> ModelRef | None:
    models = best_first(found.models, plan.proposed)
    if options.yes:
        if models:
            return ModelRef(plan.provider, models[0].id)
        if not options.test:
            return None
        if found.error is not None:
            raise found.error
        msg = f"{plan.provider} lists no models."
        raise UnknownModel(msg, hint="Name one with --model.")
    if found.error is not None and not models:
        show_failure(found.error)
    chosen = choose("Model", [ListEntry(model.id, _title(model)) for model in models])
    text = chosen if isinstance(chosen, str) else models[chosen].id
    return ModelRef(plan.provider, text) if text else None


def _title(model: Model) -> str:
    return model.name if model.name != model.id else ""


def choose_primary(options: SetupOptions, plan: SetupPlan, config: Config) -> str | None:
    """The default model to write: another one than before only on request."""
    present = config.agents.defaults.model.primary
    if plan.model is None or str(plan.model) == present:
        return None
    if present is None or options.model is not None:
        return str(plan.model)
    if options.yes:
        show_note(f"{present} stays the default model; --model {plan.model} would change it.")
        return None
    question = f"The default model is {present}. Make {plan.model} the default?"
    return str(plan.model) if confirm(question, default=False) else None
