"""The commands `modelwire serve keys`: create, list, rotate and revoke keys."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from modelwire.cli import FiniteRange, echo, echo_json
from modelwire_gateway.administration.durations import read_duration, read_moment

if TYPE_CHECKING:
    from modelwire_gateway.access.keys import Key, KeyText

__all__ = ["keys"]


@click.group()
def keys() -> None:
    """Manage keys for people and programs.

    Each key can have limits and budgets.

    \b
    modelwire serve keys create --name laptop --owner ada --budget-day 5
    modelwire serve keys list
    modelwire serve keys revoke 3k9x0q7ab2cd
    """  # noqa: D301 - \b keeps click from joining the lines


class _Moment(click.ParamType):  # type: ignore[type-arg] # generic from click 8.4 on
    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            return read_moment(str(value), time.time())
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Duration(click.ParamType):  # type: ignore[type-arg] # generic from click 8.4 on
    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            return read_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Pair(click.ParamType):  # type: ignore[type-arg] # generic from click 8.4 on
    """Two texts with `=` between them."""

    name = "pair"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        left, equals, right = (part.strip() for part in str(value).partition("="))
        if not (left and equals and right):
            self.fail(f"{value!r} is not of the form NAME=VALUE.", param, ctx)
        return left, right


class _Name(click.ParamType):  # type: ignore[type-arg] # generic from click 8.4 on
    """A text that fits into the database."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip()
        if not text or len(text) > _LONGEST_NAME or not text.isprintable():
            self.fail(f"It needs 1 to {_LONGEST_NAME} printable characters.", param, ctx)
        return text


_LONGEST_NAME = 200
_COUNT = click.IntRange(1, 2**31 - 1)
_USD = FiniteRange(min=0, min_open=True)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@keys.command()
@click.option("--name", type=_Name(), required=True, metavar="NAME", help="What the key is for.")
@click.option(
    "--owner", type=_Name(), metavar="OWNER", help="The person or team that owns the key."
)
@click.option(
    "--models",
    metavar="LIST",
    help="Models that it may call: names, references or patterns with *, separated by commas."
    "  [default: all]",
)
@click.option("--rpm", type=_COUNT, metavar="N", help="Requests per minute.")
@click.option("--tpm", type=_COUNT, metavar="N", help="Tokens per minute.")
@click.option("--concurrency", type=_COUNT, metavar="N", help="Concurrent requests.")
@click.option("--budget-day", type=_USD, metavar="USD", help="Budget per UTC day.")
@click.option("--budget-month", type=_USD, metavar="USD", help="Budget per UTC month.")
@click.option("--unpriced", is_flag=True, help="Allow models without a known price under a budget.")
@click.option("--expires", type=_Moment(), metavar="WHEN", help="A date, or a duration as 30d.")
@click.option(
    "--route",
    "routes",
    type=_Pair(),
    multiple=True,
    metavar="MODEL=REFERENCE",
    help="Call another model for requests that name MODEL; can be repeated.",
)
@click.option(
    "--label",
    "labels",
    type=_Pair(),
    multiple=True,
    metavar="NAME=VALUE",
    help="A label sent to the provider with each request; can be repeated.",
)
@_json
@click.pass_context
def create(
    context: click.Context,
    /,
    *,
    name: str,
    owner: str | None,
    models: str | None,
    expires: float | None,
    routes: tuple[tuple[str, str], ...],
    labels: tuple[tuple[str, str], ...],
    as_json: bool,
    **limits: Any,
) -> None:
    """Make a key and print it, this once.

    Only a digest of the key is stored. It works at once, also while the gateway runs.

    \b
    modelwire serve keys create --name laptop --models "claude-*" --rpm 60
    modelwire serve keys create --name ci --budget-month 50 --expires 90d
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire_gateway.access.keys import Key
    from modelwire_gateway.administration.key_store import with_keys

    wanted = Key(
        id="",
        digest="",
        name=name,
        owner=owner,
        models=_names(models),
        routes=dict(routes),
        labels=dict(labels),
        limits=_limits(**limits),
        expires_at=expires,
    )
    made, text = with_keys(context, lambda store: store.create(wanted))
    _show_once(text, made, as_json=as_json)


@keys.command("list")
@click.option("--all", "everything", is_flag=True, help="Include expired and revoked keys.")
@_json
@click.pass_context
def list_keys(context: click.Context, *, everything: bool, as_json: bool) -> None:
    """List the keys, without their secrets.

    \b
    modelwire serve keys list
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire_gateway.administration.key_output import as_data, print_keys
    from modelwire_gateway.administration.key_store import with_keys

    _, found = with_keys(context, lambda store: store.load())
    now = time.time()
    shown = [key for key in found if everything or key.state(now) == "active"]
    if as_json:
        echo_json([as_data(key, now) for key in shown])
    elif shown:
        print_keys(shown, now)
    else:
        echo("There are no keys. Make one with `modelwire serve keys create --name NAME`.")


@keys.command()
@click.argument("key_id", metavar="ID")
@click.option(
    "--keep",
    type=_Duration(),
    default="0s",
    metavar="DURATION",
    help="How long the current secret remains valid, such as 1h.  [default: 0s]",
)
@_json
@click.pass_context
def rotate(context: click.Context, *, key_id: str, keep: float, as_json: bool) -> None:
    """Give a key a new secret and print it, this once.

    Its limits and its usage stay.

    \b
    modelwire serve keys rotate 3k9x0q7ab2cd --keep 1h
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire_gateway.administration.key_store import with_keys

    text = with_keys(context, lambda store: store.rotate(key_id, keep_seconds=keep))
    if text is None:
        raise _unknown(key_id)
    _show_once(text, None, as_json=as_json)


@keys.command()
@click.argument("key_id", metavar="ID")
@_json
@click.pass_context
def revoke(context: click.Context, *, key_id: str, as_json: bool) -> None:
    """Revoke a key for good.

    Running gateways refuse it within five seconds.

    \b
    modelwire serve keys revoke 3k9x0q7ab2cd
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire_gateway.administration.key_store import with_keys

    if not with_keys(context, lambda store: store.revoke(key_id)):
        raise _unknown(key_id)
    if as_json:
        echo_json({"id": key_id, "state": "revoked"})
    else:
        echo(f"The key {key_id} is revoked.")


def _show_once(text: KeyText, key: Key | None, *, as_json: bool) -> None:
    if as_json:
        from modelwire_gateway.administration.key_output import as_data

        about = {"id": text.id} if key is None else as_data(key, time.time())
        echo_json({"key": text.reveal(), **about})
        return
    echo(text.reveal())
    echo(f"This is the only time that the key {text.id} is shown.", err=True)


def _names(given: str | None) -> tuple[str, ...]:
    parts: Iterable[str] = (part.strip() for part in (given or "").split(","))
    return tuple(part for part in parts if part)


def _limits(
    *,
    rpm: int | None,
    tpm: int | None,
    concurrency: int | None,
    budget_day: float | None,
    budget_month: float | None,
    unpriced: bool,
) -> Any:
    from modelwire_gateway.access.caller import Limits

    return Limits(rpm, tpm, concurrency, budget_day, budget_month, unpriced)


def _unknown(key_id: str) -> click.ClickException:
    return click.ClickException(
        f"There is no key with the id {key_id!r} in force; see `modelwire serve keys list --all`."
    )
