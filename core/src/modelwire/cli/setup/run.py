"""The run of `modelwire setup`, with or without a terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from modelwire.cli.errors import show_failure
from modelwire.cli.output import confirm, echo, echo_json, is_terminal
from modelwire.cli.setup.model_choice import choose_and_try, choose_primary
from modelwire.cli.setup.plan import SetupOptions, SetupPlan, edit_for, lines_of, make_plan
from modelwire.config import Config, load_config
from modelwire.config.edit import edit_config
from modelwire.config.load import read_config
from modelwire.errors import ModelwireError
from modelwire.files import user_path
from modelwire.registry import Registry

__all__ = ["converse"]


def converse(options: SetupOptions, *, timeout: float, as_json: bool) -> int:
    """Ask, try, and write; return the exit status.

    Raises:
        ModelwireError: The configuration cannot be used, or the test failed.
        click.UsageError: The options are not enough, or do not fit.
    """
    if not options.yes and not _on_terminal():
        msg = "There is no terminal to ask on. Give --yes, with --provider and its options."
        raise click.UsageError(msg)
    # A file that must not be edited is reported before the first question.
    edit_config(lambda text: text, options.config_path, dry_run=True)
    config = _present(options.config_path)
    registry = Registry(config)
    plan = make_plan(options, config, registry, config.environ)
    draft = _draft(options, plan)
    try:
        choose_and_try(options, plan, registry, draft, timeout)
    except ModelwireError as error:
        if options.yes:
            raise
        show_failure(error)
        if not confirm("The test failed. Write it anyway?", default=False):
            return 1
    plan.primary = choose_primary(options, plan, config)
    edit = edit_for(plan.settings, plan.primary)
    place = edit_config(edit, options.config_path, dry_run=True)
    if place.changed and not options.yes:
        echo(f"\nThis will be written to {place.path}:")
        for line in lines_of(plan.settings, plan.primary):
            echo(f"  {line}")
        if not confirm("Write it?", default=True):
            return 1
    written = edit_config(edit, options.config_path)
    _report(
        plan,
        written.path,
        changed=written.changed,
        backup=written.backup,
        as_json=as_json,
        quiet=options.yes,
    )
    return 0


def _present(path: Path | None) -> Config:
    """The configuration as it is; a file that is named and not there will be made."""
    if path is not None and not user_path(path).exists():
        return Config.empty()
    named = os.environ.get("MODELWIRE_CONFIG", "").strip()
    if path is None and named and not user_path(named).exists():
        return Config.empty()
    return load_config(path)


def _draft(options: SetupOptions, plan: SetupPlan) -> Config:
    """The configuration as it would be, with a key that was typed for the test."""
    draft = edit_config(edit_for(plan.settings, None), options.config_path, dry_run=True)
    return read_config(draft.after or "{}", draft.path, {**os.environ, **plan.key})


def _report(
    plan: SetupPlan, path: Path, *, changed: bool, backup: Path | None, as_json: bool, quiet: bool
) -> None:
    model = str(plan.model) if plan.model else None
    following = [f"export {plan.variable}=..."] if plan.variable else []
    if model is None:
        following.append(f"modelwire models list --provider {plan.provider}")
    elif plan.primary is None:
        following.append(f'modelwire complete --model {model} "What is the capital of France?"')
    else:
        following.append('modelwire complete "What is the capital of France?"')
    if as_json:
        data = {
            "provider": plan.provider,
            "model": model,
            "default": plan.primary is not None,
            "configPath": str(path),
            "changed": changed,
            "backup": str(backup) if backup else None,
            "tested": plan.seconds is not None,
            "seconds": plan.seconds,
            "next": following,
        }
        echo_json(data, indent=2)
        return
    if plan.seconds is not None and quiet:
        echo(f"Tested: {model} answers in {plan.seconds:.1f} s.")
    echo(f"Written: {path}" if changed else f"Nothing to change: {path}")
    if backup is not None:
        echo(f"The old file is saved as {backup}")
    for n, line in enumerate(following):
        echo(f"{'Next:' if n == 0 else '     '} {line}")


def _on_terminal() -> bool:
    return is_terminal(sys.stdin) and is_terminal(sys.stdout)
