"""`modelwire setup`."""

from __future__ import annotations

from pathlib import Path

import click

from modelwire.cli.completion import complete_provider, complete_reference
from modelwire.cli.options import FiniteRange, config_option, json_option

__all__ = ["setup"]


@click.command()
@click.option(
    "--provider",
    metavar="ID",
    help="A provider's id, or an id of your own.",
    shell_complete=complete_provider,
)
@click.option("--base-url", metavar="URL", help="The base URL of your server.")
@click.option(
    "--api-key-env", metavar="NAME", help="The variable that holds the key; never the key itself."
)
@click.option("--region", metavar="REGION", help="The region of the service.")
@click.option("--profile", metavar="NAME", help="The profile with the credentials.")
@click.option("--answer", multiple=True, metavar="NAME=VALUE", help="Any other answer.")
@click.option(
    "-m",
    "--model",
    metavar="REF",
    help="The model to use as the default.",
    shell_complete=complete_reference,
)
@click.option("--yes", is_flag=True, help="Ask no questions; use the options and defaults.")
@click.option("--no-test", is_flag=True, help="Write without testing first.")
@click.option(
    "--timeout",
    type=FiniteRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each step of the test may take.",
)
@json_option
@config_option
def setup(
    provider: str | None,
    base_url: str | None,
    api_key_env: str | None,
    region: str | None,
    profile: str | None,
    answer: tuple[str, ...],
    model: str | None,
    yes: bool,
    no_test: bool,
    timeout: float,
    as_json: bool,
    config_path: Path | None,
) -> int:
    """Ask for a provider, test its credentials, and write the configuration.

    Existing configuration is preserved. Keys are never stored; the configuration names the
    environment variable that holds one. In a terminal, what is not given is asked for; elsewhere
    give --yes with --provider.

    \b
    modelwire setup
    modelwire setup --yes --provider amazon-bedrock --region eu-central-1
    modelwire setup --yes --provider openai --api-key-env OPENAI_API_KEY
    modelwire setup --yes --provider my-server --base-url http://gpu-box:8000/v1
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.setup.plan import SetupOptions
    from modelwire.cli.setup.run import converse

    own_answers = {
        "base_url": base_url,
        "api_key_env": api_key_env,
        "region": region,
        "profile": profile,
    }
    given = {name: value for name, value in own_answers.items() if value is not None}
    for text in answer:
        name, mark, value = text.partition("=")
        if not mark or not name:
            msg = "--answer takes NAME=VALUE."
            raise click.UsageError(msg)
        given[name.replace("-", "_")] = value
    options = SetupOptions(
        provider, given, model, config_path, yes=yes or as_json, test=not no_test
    )
    return converse(options, timeout=timeout, as_json=as_json)
