"""`modelwire doctor`."""

from __future__ import annotations

from pathlib import Path

import click

from modelwire.cli.options import FiniteRange, config_option, json_option

__all__ = ["doctor"]


@click.command()
@click.option(
    "--offline", is_flag=True, help="Send no requests to providers and load no credentials."
)
@click.option(
    "--timeout",
    type=FiniteRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="Time limit for each check.",
)
@json_option
@config_option
def doctor(offline: bool, timeout: float, as_json: bool, config_path: Path | None) -> int:
    """Diagnose why models are unreachable, and suggest what to do.

    It checks plugins, configuration, credentials, certificates, proxies, whether each provider in
    use can be reached, the clock and the cache. No model is called and nothing is changed. Exits
    with 1 when there is a problem.

    \b
    modelwire doctor
    modelwire doctor --offline
    modelwire doctor --json | jq '.checks[] | select(.state != "ok")'
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.doctor.run import report
    from modelwire.cli.event_loop import run

    return run(report(config_path, offline=offline, timeout=timeout, as_json=as_json))
