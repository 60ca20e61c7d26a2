"""`modelwire embed`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modelwire.cli.options import (
    FiniteRange,
    WholeRange,
    config_option,
    json_option,
    model_option,
)
from modelwire.text import has_surrogates

if TYPE_CHECKING:
    from modelwire.runtime import Embeddings

_INPUT_TYPES = ("query", "document", "classification", "clustering")
_DIGITS = 9
"""The digits that a 32-bit float needs to be read back without a loss."""


@click.command()
@click.argument("texts", nargs=-1)
@model_option
@click.option("--dimensions", type=WholeRange(min=1), metavar="N", help="Vector dimensions.")
@click.option("--input-type", type=click.Choice(_INPUT_TYPES), help="What the texts are for.")
@click.option(
    "--normalize/--no-normalize", default=None, help="Normalize each vector to length 1, or do not."
)
@click.option(
    "--batch-size",
    type=WholeRange(min=1),
    metavar="N",
    help="Maximum number of texts per request. Default: the service's limit.",
)
@click.option(
    "--concurrency",
    type=WholeRange(min=1),
    metavar="N",
    default=8,
    show_default=True,
    help="Maximum number of concurrent requests.",
)
@click.option(
    "--timeout",
    type=FiniteRange(min=0),
    metavar="SECONDS",
    help="Time limit for all texts, including retries.",
)
@json_option
@config_option
def embed(
    texts: tuple[str, ...],
    config_path: Path | None,
    as_json: bool,
    timeout: float | None,
    **settings: Any,
) -> int:
    """Embed each text, and print its vector as a JSON array on a line of its own.

    Piped lines are texts, too, and come before TEXTS. With --json, one object has all vectors, the
    model and the usage. Exits with 0 when all vectors are printed, 1 when a request failed, 2 when
    the command was misused, and 130 on Ctrl-C.

    \b
    modelwire embed --model openai/text-embedding-3-small "a text" "another one"
    modelwire embed --model local/smollm2-135m-instruct < lines.txt
    modelwire embed --model bedrock/cohere.embed-v4:0 --input-type query "why?"
    """  # noqa: D301 - \b keeps click from joining the lines
    given = [*_lines(awaited=not texts), *_given(texts)]
    from modelwire.cli.event_loop import run

    made = run(_embed(given, config_path, timeout, settings))
    _print(made, as_json=as_json)
    return 0


def _given(texts: Sequence[str]) -> list[str]:
    for place, text in enumerate(texts, start=1):
        if not text:
            msg = f"Text {place} is empty."
            raise click.UsageError(msg)
        if has_surrogates(text):
            msg = f"Text {place} is not UTF-8 text."
            raise click.UsageError(msg)
    return list(texts)


def _lines(*, awaited: bool) -> list[str]:
    from modelwire.cli.standard_input import is_piped, piped_text

    if awaited and not is_piped():
        msg = "Give TEXTS, or pipe lines in."
        raise click.UsageError(msg)
    lines = piped_text(awaited=awaited).splitlines()
    for place, line in enumerate(lines, start=1):
        if not line:
            msg = f"Line {place} of standard input is empty."
            raise click.UsageError(msg)
    return lines


async def _embed(
    texts: Sequence[str], config_path: Path | None, timeout: float | None, settings: dict[str, Any]
) -> Embeddings:
    from modelwire.runtime import Runtime
    from modelwire.transport import Deadlines

    deadlines = Deadlines() if timeout is None else Deadlines(total=timeout)
    async with Runtime.from_config(config_path) as runtime:
        return await runtime.embed(texts, deadlines=deadlines, **settings)


def _print(made: Embeddings, *, as_json: bool) -> None:
    from modelwire.cli.output import echo_json
    from modelwire.messages.codec import converter

    vectors = ([float(f"{number:.{_DIGITS}g}") for number in vector] for vector in made.vectors)
    if not as_json:
        for vector in vectors:
            echo_json(vector)
        return
    usage = None if made.usage is None else converter().unstructure(made.usage)
    echo_json({
        "provider": made.provider,
        "model": made.model,
        "dimensions": made.dimensions,
        "usage": usage,
        "vectors": list(vectors),
    })  # fmt: skip
