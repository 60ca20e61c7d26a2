"""`modelwire batch`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modelwire.cli.options import (
    FiniteRange,
    WholeRange,
    config_option,
    json_option,
    model_option,
    system_option,
)
from modelwire.cli.request_options import (
    cache_retention_option,
    fallback_option,
    max_tokens_option,
    params_option,
    reasoning_option,
    schema_option,
    stop_option,
    temperature_option,
    timeout_option,
    top_p_option,
)

if TYPE_CHECKING:
    from modelwire.cli.batch.provider_jobs import JobAction

_FILE = click.Path(path_type=Path, dir_okay=False)
_JOB_ACTIONS = ("run", "submit", "status", "fetch", "cancel")
_OWN_PLACES = _HERE, _PROVIDER = "here", "provider"


class _Place(click.ParamType):  # type: ignore[type-arg] # generic from click 8.4 on
    """A place where a batch can be run: this machine, the provider, or one that a package offers."""

    name = "place"

    def get_metavar(
        self,
        param: click.Parameter,  # noqa: ARG002
        ctx: click.Context | None = None,  # noqa: ARG002 - click before 8.2 gives none
    ) -> str:
        return "|".join(_places())

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in _OWN_PLACES and value not in _places():
            self.fail(_why_unknown(value), param, ctx)
        return value


def _why_unknown(place: str) -> str:
    from modelwire.batch.runner import package_of_runner

    package = package_of_runner(place)
    if package is not None:
        return f"{place!r} is not installed; run: pip install {package}"
    return f"{place!r} is not one of {', '.join(map(repr, _places()))}."


def _places() -> tuple[str, ...]:
    """The places that can be named; those of packages are found without importing them."""
    from modelwire.batch.runner import batch_runner_names

    return (*_OWN_PLACES, *batch_runner_names())


@click.command()
@click.argument("source", metavar="INPUT", type=_FILE)
@click.option(
    "-o", "--output", required=True, type=_FILE, metavar="FILE", help="The file of the answers."
)
@model_option
@fallback_option
@system_option
@max_tokens_option
@temperature_option
@top_p_option
@stop_option
@reasoning_option
@schema_option
@params_option()
@cache_retention_option
@timeout_option("Time limit for each answer.")
@click.option(
    "--concurrency",
    type=WholeRange(min=1),
    metavar="N",
    default=64,
    show_default=True,
    help="Maximum number of concurrent requests.",
)
@click.option(
    "--rpm",
    type=FiniteRange(min=0, min_open=True),
    metavar="N",
    help="Quota of requests per minute. Default: found out.",
)
@click.option(
    "--tpm",
    type=FiniteRange(min=0, min_open=True),
    metavar="N",
    help="Quota of tokens per minute.",
)
@click.option(
    "--budget",
    type=FiniteRange(min=0, min_open=True),
    metavar="USD",
    help="Stop before all answers together cost more.",
)
@click.option(
    "--attempts",
    type=WholeRange(min=1),
    metavar="N",
    default=5,
    show_default=True,
    help="Maximum number of attempts per row.",
)
@click.option(
    "--retry-failed", is_flag=True, help="Retry rows whose failure is final, as bad requests."
)
@click.option(
    "--on",
    "place",
    type=_Place(),
    default=_HERE,
    show_default=True,
    help="Where the batch runs: this machine, the provider, or a place that a package offers.",
)
@click.option("--address", metavar="ADDRESS", help="The address of a place that a package offers.")
@click.option(
    "--workers",
    type=WholeRange(min=1),
    metavar="N",
    help="Number of processes that send rows, at a place that a package offers.",
)
@click.option(
    "--jobs",
    "action",
    type=click.Choice(_JOB_ACTIONS),
    help="With --on provider: what is done. Default: run.",
)
@click.option("--job", "job_id", metavar="ID", help="With --on provider: a job to take over.")
@click.option("--yes", is_flag=True, help="With --on provider: submit without asking.")
@json_option
@config_option
def batch(
    source: Path,
    output: Path,
    schema: str | None,
    concurrency: int,
    rpm: float | None,
    tpm: float | None,
    budget: float | None,
    attempts: int,
    retry_failed: bool,
    place: str,
    address: str | None,
    workers: int | None,
    action: JobAction | None,
    job_id: str | None,
    yes: bool,
    as_json: bool,
    config_path: Path | None,
    **options: Any,
) -> int:
    """Send each row of INPUT to a model, and write the answers to a file.

    INPUT is JSON lines, CSV or Parquet. A row has `prompt` or `messages`, and may have `custom_id`, `system`,
    `max_tokens` and so on, or it is a line of a service's batch input. Failed rows are written to
    NAME.errors.jsonl beside the output. The same command continues a batch that was interrupted.

    Exits with 0 when every row is answered, 1 when the batch failed, 2 when the command was misused,
    3 when rows failed, 4 when the budget ended it, and 130 on Ctrl-C.

    \b
    modelwire batch questions.jsonl -o answers.jsonl
    modelwire batch reviews.csv -o out.jsonl --schema "stars int, summary"
    modelwire batch big.jsonl -o out.jsonl --rpm 1000 --budget 20
    modelwire batch big.jsonl -o out.jsonl --on provider
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.batch.places import check_options, runner_at

    runner = runner_at(place)
    check_options(click.get_current_context(), place, runner)
    from modelwire.batch.pace import Limits
    from modelwire.batch.summary import BatchRequest, RunnerOptions
    from modelwire.cli.batch.places import run_on
    from modelwire.cli.batch.report import report
    from modelwire.cli.complete_input import read_schema
    from modelwire.cli.request_options import request_settings

    given = request_settings({**options, "response_schema": read_schema(schema)})
    request = BatchRequest(
        source,
        output,
        {name: value for name, value in given.items() if value not in (None, (), {})},
        Limits(concurrency, rpm, tpm),
        budget,
        attempts,
        retry_failed,
        config_path,
        RunnerOptions(address, workers),
    )
    if place == _PROVIDER:
        from modelwire.cli.batch.provider_jobs import run_jobs

        return run_jobs(request, action or "run", job_id=job_id, approved=yes, as_json=as_json)
    return report(run_on(runner, request), as_json=as_json)
