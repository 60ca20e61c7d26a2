"""`modelwire config patch`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from modelwire.cli.options import config_option, dry_run_option, force_option, json_option

__all__ = ["patch"]


@click.command()
@click.argument("document", required=False)
@click.option(
    "--file",
    "patch_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A JSON5 file of at most 1 MiB.",
)
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the patch from standard input.")
@click.option(
    "--replace-path",
    "replaced",
    metavar="PATH",
    multiple=True,
    help="Replace the object at this path instead of merging into it; may be given again.",
)
@force_option
@dry_run_option
@json_option
@config_option
def patch(
    document: str | None,
    patch_file: Path | None,
    from_stdin: bool,
    replaced: tuple[str, ...],
    force: bool,
    dry_run: bool,
    as_json: bool,
    config_path: Path | None,
) -> None:
    """Merge a JSON5 document into the file.

    It is DOCUMENT, a file, or piped in. Objects merge, lists and single values replace what is
    there, and null removes it.

    \b
    modelwire config patch '{models: {mode: "replace"}}'
    modelwire config patch --stdin < patch.json5
    """  # noqa: D301 - \b keeps click from joining the lines
    if [document is not None, patch_file is not None, from_stdin].count(True) != 1:
        msg = "Give one of DOCUMENT, --file and --stdin."
        raise click.UsageError(msg)
    from modelwire.cli.config.change import Report, change_file
    from modelwire.cli.config.operations import read_limited
    from modelwire.cli.config.values import resolve
    from modelwire.config.patch import apply_patch, patched_paths
    from modelwire.document import read_value

    if document is None:
        data = _patch_from(read_limited(patch_file, "patch"), patch_file or "standard input")
    else:
        data = _patch_from(document, "DOCUMENT")

    def change(text: str, source: Path, report: Report) -> str:
        present = read_value(text, ())
        places = [resolve(path, text, present, source) for path in replaced]
        report.paths += patched_paths(data)
        report.modes += ["patch"] * len(report.paths)
        return apply_patch(text, data, replace=places)

    report = Report("Patched")
    change_file(change, report, config_path, as_json=as_json, dry_run=dry_run, force=force)


def _patch_from(text: str, source: Path | str) -> Mapping[str, Any]:
    from modelwire.cli.config.values import ConfigCommandError
    from modelwire.config.patch import check_keys
    from modelwire.document import plain_data, read_value
    from modelwire.errors import ConfigError

    name = str(source)
    try:
        read = read_value(text, ())
    except ConfigError as error:
        raise ConfigError(
            "The patch is not valid JSON5.", problems=error.problems, source=name
        ) from error
    if not isinstance(read, dict):
        msg = f"The patch in {name} is not an object."
        raise ConfigCommandError("value", msg, hint='Write it as: {models: {mode: "merge"}}')
    data: dict[str, Any]
    data, wrong = plain_data(read)
    if wrong:
        raise ConfigCommandError("value", f"The patch cannot be used: a value {wrong[0][1]}.")
    check_keys(data)
    return data
