"""`modelwire logs`."""

from __future__ import annotations

import click

from modelwire.cli.default_command import DefaultGroup
from modelwire.cli.options import WholeRange, json_option
from modelwire.cli.output import echo, echo_answer, echo_json

__all__ = ["logs"]

_count_option = click.option(
    "-n",
    "--count",
    type=WholeRange(min=1, max=2**31),
    default=20,
    show_default=True,
    metavar="N",
    help="Maximum number of answers to show.",
)
_model_option = click.option(
    "-m", "--model", metavar="REF", help="Only answers of this provider/model-id."
)


@click.group(cls=DefaultGroup, default="list")
def logs() -> None:
    """Browse the stored answers of `modelwire complete`.

    Alone, the same as `modelwire logs list`. With logs.enabled: false in the configuration,
    or with `modelwire complete --no-log`, no answer is stored.

    \b
    modelwire logs
    modelwire logs search Paris
    modelwire logs usage --days 7
    """  # noqa: D301 - \b keeps click from joining the lines


@logs.command("list")
@_count_option
@_model_option
@json_option
def list_logs(count: int, model: str | None, as_json: bool) -> None:
    """List the newest answers, a line for each.

    \b
    modelwire logs list -n 5
    """  # noqa: D301 - \b keeps click from joining the lines
    _list(count, None, model, as_json=as_json)


@logs.command()
@click.argument("text")
@_count_option
@_model_option
@json_option
def search(text: str, count: int, model: str | None, as_json: bool) -> None:
    """List the newest answers that contain TEXT.

    It searches prompts, system prompts and answers, and ignores case.

    \b
    modelwire logs search "capital of france"
    """  # noqa: D301 - \b keeps click from joining the lines
    _list(count, text, model, as_json=as_json)


@logs.command()
@click.argument("number", metavar="[ID]", type=WholeRange(min=1, max=2**62), required=False)
@json_option
def show(number: int | None, as_json: bool) -> None:
    """Show one answer with its prompt; without ID, the newest.

    \b
    modelwire logs show
    modelwire logs show 12
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.logs import views
    from modelwire.cli.logs.database import LogDatabase, LogUnusable

    row = LogDatabase().one(number)
    if row is None:
        msg = "No answer is kept." if number is None else f"There is no answer {number}."
        raise LogUnusable(msg, hint="`modelwire logs list` shows which there are.")
    if as_json:
        echo_json(views.as_json(row, whole=True), indent=2)
    else:
        views.show(row)


@logs.command()
@click.option(
    "--days",
    type=WholeRange(min=1, max=100_000),
    default=30,
    show_default=True,
    metavar="N",
    help="Number of days, including today.",
)
@json_option
def usage(days: int, as_json: bool) -> None:
    """Sum up tokens and cost per day and model.

    Costs are shown for models with known prices.

    \b
    modelwire logs usage --days 7
    """  # noqa: D301 - \b keeps click from joining the lines
    from datetime import datetime, timedelta

    from modelwire.cli.logs import views
    from modelwire.cli.logs.database import LogDatabase

    today = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=days - 1)
    rows = LogDatabase().usage(int(since.timestamp() * 1000))
    if as_json:
        echo_json({"usage": views.usage_rows(rows)}, indent=2)
    elif rows:
        for line in views.usage_table(rows):
            echo(line)
    else:
        echo("No answer was stored in these days.")


@logs.command()
@_model_option
@json_option
def export(model: str | None, as_json: bool) -> None:  # noqa: ARG001 - it is always JSON
    """Print all answers, each as a line of JSON.

    With their messages, oldest first.

    \b
    modelwire logs export > answers.jsonl
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.logs import views
    from modelwire.cli.logs.database import LogDatabase

    for row in LogDatabase().latest(2**62, model=model):
        echo_json(views.as_json(row, whole=True))


@logs.command()
@json_option
def path(as_json: bool) -> None:
    """Print where the answers are kept. To forget them all, delete this file.

    \b
    modelwire logs path
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.logs.database import log_path

    found = str(log_path())
    if as_json:
        echo_json({"path": found})
    else:
        echo_answer(found, nl=True)


def _list(count: int, text: str | None, model: str | None, *, as_json: bool) -> None:
    from modelwire.cli.logs import views
    from modelwire.cli.logs.database import LogDatabase

    rows = LogDatabase().latest(count, text=text, model=model)
    if as_json:
        echo_json({"answers": [views.as_json(row, whole=False) for row in rows]}, indent=2)
    elif rows:
        for row in rows:
            echo(views.line(row))
    else:
        echo("No answer is kept." if text is None and model is None else "No answer has it.")
