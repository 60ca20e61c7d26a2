"""The subcommand `modelwire recordings`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from modelwire.cli import FiniteRange, echo, echo_json, printable
from modelwire.config import load_config
from modelwire_cache.display import joined_lines
from modelwire_cache.settings import Settings
from modelwire_cache.store import DamagedRecording, Recording, RecordingStore

__all__ = ["recordings"]

_LONGEST_QUESTION = 40

_config = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The configuration file, as for other commands.",
)
_folder = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="The folder of the recordings, with those below it. Default: as configured.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def recordings() -> None:
    """List, show and remove test recordings.

    \b
    modelwire recordings list --folder tests/recordings
    modelwire recordings prune --older-than 90
    """  # noqa: D301 - \b keeps click from joining the lines


@recordings.command("list")
@_json
@_folder
@_config
def list_recordings(config_path: Path | None, folder: Path | None, *, as_json: bool) -> None:
    """List recordings, the newest first.

    \b
    modelwire recordings list --json
    """  # noqa: D301 - \b keeps click from joining the lines
    settings, store = _opened(config_path, folder)
    found, damaged = _read(store)
    found.sort(key=lambda recording: recording.recorded_at, reverse=True)
    if as_json:
        data = {
            "directory": str(store.directory),
            "mode": settings.mode,
            "recordings": [_summary(recording) for recording in found],
            "damaged": [str(path) for path in damaged],
        }
        echo_json(data, indent=2)
        return
    echo(printable(f"Mode: {settings.mode}. Folder: {store.directory}"))
    for recording in found:
        when = recording.recorded_at.strftime("%Y-%m-%d %H:%M")
        ended = "" if recording.outcome == "complete" else f"  ({recording.outcome})"
        name = _name(store, recording.path)
        echo(printable(f"{name}  {when}  {recording.model}{ended}  {_question(recording)}"))
    for path in damaged:
        echo(printable(f"{_name(store, path)}  damaged"))
    if not found and not damaged:
        echo("There are no recordings.")


@recordings.command()
@click.argument("name")
@_json
@_folder
@_config
def show(name: str, config_path: Path | None, folder: Path | None, *, as_json: bool) -> None:
    """Show one recording: the request and the answer.

    NAME is its file, the file's name, or a part of it that no other has.

    \b
    modelwire recordings show what-is-the-capital
    """  # noqa: D301 - \b keeps click from joining the lines
    _, store = _opened(config_path, folder)
    path = _chosen(store, name)
    try:
        recording = store.read(path)
    except DamagedRecording:
        msg = f"{path} is not a recording, or it is damaged."
        raise click.ClickException(msg) from None
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror or error}"
        raise click.ClickException(msg) from None
    if as_json:
        echo_json({"path": str(path), **recording.to_json()}, indent=2)
        return
    for line in _shown(recording):
        echo(printable(line))


@recordings.command()
@click.option(
    "--older-than",
    type=FiniteRange(min=0),
    metavar="DAYS",
    help="Recordings older than this.",
)
@click.option(
    "--failed", is_flag=True, help="Recordings of answers that failed, were cut or abandoned."
)
@click.option("--damaged", is_flag=True, help="Files that cannot be read as recordings.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed.")
@_json
@_folder
@_config
def prune(
    config_path: Path | None,
    folder: Path | None,
    older_than: float | None,
    *,
    failed: bool,
    damaged: bool,
    everything: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove recordings of one or several kinds.

    Those that no test uses any more are removed by `pytest --recordings-unused=remove`.

    \b
    modelwire recordings prune --older-than 90 --dry-run
    modelwire recordings prune --failed --folder tests/recordings
    """  # noqa: D301 - \b keeps click from joining the lines
    if not (older_than is not None or failed or damaged or everything):
        msg = "Say which: --older-than, --failed, --damaged or --all."
        raise click.UsageError(msg)
    _, store = _opened(config_path, folder)
    found, broken = _read(store)
    limit = None if older_than is None else _days_ago(older_than)
    gone = [
        recording.path
        for recording in found
        if recording.path is not None
        and (
            everything
            or (failed and recording.outcome != "complete")
            or (limit is not None and recording.recorded_at <= limit)
        )
    ]
    gone += broken if damaged or everything else []
    if not dry_run:
        for path in gone:
            path.unlink(missing_ok=True)
    if as_json:
        echo_json({"removed": [str(path) for path in gone], "dryRun": dry_run}, indent=2)
        return
    for path in gone if dry_run else ():
        echo(printable(_name(store, path)))
    noun = "recording" if len(gone) == 1 else "recordings"
    echo(f"{'Would remove' if dry_run else 'Removed'} {len(gone)} {noun}.")


def _days_ago(days: float) -> datetime:
    moment = datetime.now(UTC)
    try:
        return moment - timedelta(days=days)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _opened(config_path: Path | None, folder: Path | None) -> tuple[Settings, RecordingStore]:
    settings = Settings.of(load_config(config_path))
    return settings, RecordingStore(folder or settings.directory, warn=folder is None)


def _read(store: RecordingStore) -> tuple[list[Recording], list[Path]]:
    """The recordings, and the files that are damaged."""
    found, damaged = [], []
    for path in store.paths():
        try:
            found.append(store.read(path))
        except (OSError, DamagedRecording):
            damaged.append(path)
    return found, damaged


def _chosen(store: RecordingStore, name: str) -> Path:
    if Path(name).is_file():
        return Path(name)
    paths = store.paths()
    chosen = [path for path in paths if name in (path.name, path.stem, _name(store, path))]
    chosen = chosen or [path for path in paths if name in path.name]
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        msg = f"No recording in {store.directory} is called {name!r}."
        raise click.ClickException(msg)
    several = ", ".join(_name(store, path) for path in chosen[:5])
    more = f" and {len(chosen) - 5} more" if len(chosen) > 5 else ""
    msg = f"{name!r} may be one of several: {several}{more}."
    raise click.ClickException(msg)


def _name(store: RecordingStore, path: Path | None) -> str:
    """The file's name, with the folders below the store's."""
    return "" if path is None else path.relative_to(store.directory).as_posix()


def _summary(recording: Recording) -> dict[str, Any]:
    data = {key: value for key, value in recording.to_json().items() if key != "response"}
    return {"path": str(recording.path), **data}


def _question(recording: Recording) -> str:
    """The beginning of the last text before the answer."""
    texts = list(_texts(recording.request.get("messages")))
    text = " ".join(texts[-1].split()) if texts else ""
    return text if len(text) <= _LONGEST_QUESTION else f"{text[: _LONGEST_QUESTION - 1]}…"


def _texts(data: object) -> Iterator[str]:
    """The texts of messages, whatever else a file has in their place."""
    for message in data if isinstance(data, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        for block in content if isinstance(content, list) else ():
            if isinstance(block, list) and all(isinstance(line, str) for line in block):
                yield joined_lines(block)
            elif isinstance(block, str):
                yield block


def _shown(recording: Recording) -> Iterator[str]:
    import json

    yield f"{recording.path}"
    yield f"{recording.model}, {recording.kind}, {recording.recorded_at.isoformat(' ')}"
    yield f"Outcome: {recording.outcome}"
    yield ""
    yield from json.dumps(recording.request, indent=2, ensure_ascii=False).splitlines()
    yield ""
    yield from _answer(recording)
    if recording.error is not None:
        yield f"Error: {recording.error.get('code')}: {recording.error.get('message')}"


def _answer(recording: Recording) -> Iterator[str]:
    """The recorded answer: texts in full, the other parts in short."""
    if recording.kind != "completion":
        yield f"{recording.response}"
        return
    for entry in recording.response:
        match entry:
            case {"delta": "TextDelta", "text": text}:
                yield from joined_lines(text).splitlines()
            case {"delta": "ThinkingDelta", "text": text}:
                yield from (f"> {line}" for line in joined_lines(text).splitlines())
            case {"delta": "ToolCallStart", "name": name}:
                yield f"Call of {name}:"
            case {"delta": "ArgumentsDelta", "fragment": fragment}:
                yield f"  {joined_lines(fragment)}"
            case {"delta": "Stop", "reason": reason}:
                yield f"Stop: {reason}"
