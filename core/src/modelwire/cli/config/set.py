"""`modelwire config set`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modelwire.cli.completion import complete_config_path
from modelwire.cli.options import config_option, dry_run_option, force_option, json_option

if TYPE_CHECKING:
    from modelwire.cli.config.operations import ConfigOperation

__all__ = ["set_values"]


@click.command("set")
@click.argument("path", required=False, shell_complete=complete_config_path)
@click.argument("value", required=False)
@click.option("--strict-json", is_flag=True, help="The value must be JSON; it is never plain text.")
@click.option("--merge", is_flag=True, help="Merge an object, or a provider's models by their ids.")
@click.option("--replace", is_flag=True, help="Replace, even if entries are lost.")
@click.option("--expect-current-json", metavar="JSON", help="Only if this value is there now.")
@click.option("--expect-current-absent", is_flag=True, help="Only if nothing is there now.")
@click.option("--ref-source", metavar="KIND", help="Set a reference to a secret, such as env.")
@click.option("--ref-id", metavar="NAME", help="The secret's name there.")
@click.option("--ref-provider", metavar="NAME", help="Which of several sources of that kind.")
@click.option("--batch-json", metavar="JSON", help="Several operations, all of them or none.")
@click.option(
    "--batch-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Several operations from a file of at most 8 MiB.",
)
@force_option
@dry_run_option
@json_option
@config_option
def set_values(
    path: str | None,
    value: str | None,
    as_json: bool,
    dry_run: bool,
    force: bool,
    config_path: Path | None,
    **options: Any,
) -> None:
    """Set the value at PATH; without any file, one is created.

    VALUE is JSON5, or else plain text. Put -- before a value that begins with a hyphen.

    \b
    modelwire config set models.bedrockDiscovery.enabled true
    modelwire config set agents.defaults.model.primary acme/large
    modelwire config set models.providers.acme.apiKey '${ACME_API_KEY}'
    modelwire config set --merge models.providers.acme.models '[{id: "small"}]'
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.config.change import Report, change_file

    _check_usage(path, value, options)
    operations = _operations(path, value, options)

    def change(text: str, source: Path, report: Report) -> str:
        for operation in operations:
            text = operation.apply(text, source, report)
        return text

    report = Report("Set")
    change_file(change, report, config_path, as_json=as_json, dry_run=dry_run, force=force)


def _check_usage(path: str | None, value: str | None, options: dict[str, Any]) -> None:
    batches = [name for name in ("batch_json", "batch_file") if options[name] is not None]
    single = [
        name
        for name, given in options.items()
        if given not in (None, False) and name not in ("batch_json", "batch_file")
    ]
    wrong = None
    if batches and (path is not None or single or len(batches) > 1):
        wrong = "A batch cannot be combined with a path, a value or other options."
    elif not batches and path is None:
        wrong = "Give a path and a value, or a batch."
    elif (options["ref_source"] is None) != (options["ref_id"] is None):
        wrong = "--ref-source and --ref-id must be given together."
    elif options["ref_provider"] is not None and options["ref_id"] is None:
        wrong = "--ref-provider needs --ref-source and --ref-id."
    elif not batches and (value is None) == (options["ref_id"] is None):
        wrong = "Give either a value or --ref-source and --ref-id."
    elif options["merge"] and options["replace"]:
        wrong = "Choose either --merge or --replace, not both."
    elif options["expect_current_json"] is not None and options["expect_current_absent"]:
        wrong = "Choose either --expect-current-json or --expect-current-absent, not both."
    if wrong:
        raise click.UsageError(wrong)


def _operations(
    path: str | None, value: str | None, options: dict[str, Any]
) -> list[ConfigOperation]:
    from modelwire.cli.config.operations import batch_operations

    if options["batch_json"] is not None:
        return batch_operations(options["batch_json"])
    if options["batch_file"] is not None:
        from modelwire.cli.config.operations import read_limited

        return batch_operations(read_limited(options["batch_file"], "operations"))
    return [_single(path or "", value, options)]


def _single(path: str, value: str | None, options: dict[str, Any]) -> ConfigOperation:
    from modelwire.cli.config.operations import ABSENT, ANYTHING, ConfigOperation, parse_value

    expected: Any = ANYTHING
    if options["expect_current_absent"]:
        expected = ABSENT
    elif options["expect_current_json"] is not None:
        expected = parse_value(options["expect_current_json"], path, strict=True)
    how = "merge" if options["merge"] else "replace" if options["replace"] else "set"
    if value is None:
        ref = {"source": options["ref_source"], "provider": options["ref_provider"]}
        ref = {key: item for key, item in ref.items() if item is not None}
        return ConfigOperation(path, {**ref, "id": options["ref_id"]}, how, expected, "builder")
    if options["strict_json"]:
        return ConfigOperation(path, parse_value(value, path, strict=True), how, expected, "json")
    return ConfigOperation(path, parse_value(value, path, strict=False), how, expected, text=value)
