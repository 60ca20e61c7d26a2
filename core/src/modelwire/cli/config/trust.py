"""`modelwire config trust`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modelwire.cli.options import config_option, json_option
from modelwire.cli.output import confirm, echo, echo_json
from modelwire.cli.text import printable

if TYPE_CHECKING:
    from modelwire.config.source import ConfigFile

__all__ = ["trust"]


@click.command()
@click.option("--yes", is_flag=True, help="Approve without a question.")
@click.option("--revoke", "revoked", is_flag=True, help="Withdraw the approval.")
@click.option("--list", "listed", is_flag=True, help="List the files that were approved.")
@json_option
@config_option
def trust(
    yes: bool, revoked: bool, listed: bool, as_json: bool, config_path: Path | None
) -> int | None:
    """Approve the configuration file of the working directory.

    A modelwire.json5 that is found in the working directory may have come with a cloned repository.
    Before you approve it, it can choose models and name them; settings that could run commands, send
    your keys elsewhere or read variables are left out. The command shows these settings and asks.
    When the file is changed by anything but modelwire, it has to be approved again.

    With --json nothing is asked, and without --yes nothing is approved.

    \b
    modelwire config trust
    modelwire config trust --yes
    modelwire config trust --revoke
    """  # noqa: D301 - \b keeps click from joining the lines
    if sum((yes, revoked, listed)) > 1:
        msg = "Choose one of --yes, --revoke and --list."
        raise click.UsageError(msg)
    if listed:
        _list(as_json=as_json)
        return None
    if revoked:
        _revoke(_place(config_path), as_json=as_json)
        return None
    return _approve(config_path, yes=yes, as_json=as_json)


def _place(config_path: Path | None) -> Path:
    """The file that is meant: the given one, or that of the working directory, there or not."""
    from modelwire.config.source import FILE_NAME
    from modelwire.errors import ConfigError
    from modelwire.files import user_path

    path = user_path(config_path) if config_path is not None else Path(FILE_NAME)
    if path.name != FILE_NAME:
        msg = f"{path} does not need to be approved: only a file called {FILE_NAME} is looked for."
        raise ConfigError(msg, hint="Any other file is used only where you name it.")
    return Path.cwd() / path


def _approve(config_path: Path | None, *, yes: bool, as_json: bool) -> int:
    from modelwire.cli.config.trust_report import trust_report
    from modelwire.config.approvals import approve
    from modelwire.errors import ConfigError

    place = _place(config_path)
    if not place.exists():
        msg = f"Config file not found: {place}"
        raise ConfigError(msg, hint="Files in other places are used as they are.")
    file = _as_found(place)
    report = trust_report(file)
    if file.distrust is not None and file.distrust.final:
        msg = f"{place} cannot be trusted: {file.distrust.reason}."
        raise ConfigError(msg, hint=file.distrust.hint)
    if yes and file.distrust is not None:
        approve(file.real, file.raw)
    if as_json:
        found = _state(file, approved=yes)
        echo_json({**found, **report.to_json()}, indent=2)
        return 0
    if file.distrust is None:
        echo(printable(f"{place} is trusted already."))
        return 0
    if not yes:
        echo(printable(f"{place} is not trusted: {file.distrust.reason}."))
        echo("\n".join(report.lines()))
        if not _confirmed():
            return 1
        # The bytes that were shown are approved, whatever the file has become meanwhile.
        approve(file.real, file.raw)
    echo(printable(f"Trusted: {place}"))
    return 0


def _as_found(place: Path) -> ConfigFile:
    """Read a file as one of the working directory, for which only approvals count."""
    from modelwire.config.source import ConfigPlace, open_config
    from modelwire.config.verdict import TRUST_VARIABLE, assumed_trust

    assumed_trust.set(None)
    return open_config(ConfigPlace(place, "found"), {**os.environ, TRUST_VARIABLE: ""})


def _state(file: ConfigFile, *, approved: bool) -> dict[str, Any]:
    from modelwire.config.approvals import digest_of

    trusted = approved or file.distrust is None
    return {
        "path": str(file.path),
        "realPath": str(file.real),
        "sha256": digest_of(file.raw),
        "trusted": trusted,
        "reason": None if trusted or file.distrust is None else file.distrust.reason,
    }


def _confirmed() -> bool:
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        msg = "There is no terminal to ask on. Give --yes to approve the file."
        raise click.UsageError(msg)
    return confirm("Trust this file?", default=False)


def _revoke(place: Path, *, as_json: bool) -> None:
    from modelwire.config.approvals import revoke

    gone = revoke(place)
    if as_json:
        echo_json({"path": str(place), "revoked": gone}, indent=2)
    elif gone:
        echo(printable(f"No longer trusted: {place}"))
    else:
        echo(printable(f"{place} was not approved."))


def _list(*, as_json: bool) -> None:
    from modelwire.cli.text import align, room
    from modelwire.config.approvals import read_approvals

    found = [
        {"path": str(item.path), "approvedAt": item.at, "state": _now(item.path, item.digest)}
        for item in read_approvals().values()
    ]
    if as_json:
        echo_json({"files": found}, indent=2)
    elif found:
        rows = [(item["state"], item["approvedAt"], item["path"]) for item in found]
        heading = ("State", "Approved", "File")
        echo("\n".join(align([heading, *rows], room=room())))
    else:
        echo("No file was approved.")


def _now(path: Path, digest: str) -> str:
    from modelwire.config.approvals import digest_of
    from modelwire.files import read_file

    try:
        raw = read_file(path, "configuration").raw
    except OSError:
        return "missing"
    return "trusted" if digest_of(raw) == digest else "changed"
