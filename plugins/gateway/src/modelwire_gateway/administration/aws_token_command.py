"""The command `modelwire serve token`: a token that proves an AWS identity to a gateway."""

from __future__ import annotations

import click

from modelwire.cli import echo
from modelwire.errors import AuthenticationError, ConfigError

__all__ = ["make_token", "token"]


@click.command()
@click.option("--audience", metavar="NAME", help="The gateway's name, as its settings have it.")
@click.option("--profile", metavar="NAME", help="A profile of AWS's configuration files.")
@click.option("--region", metavar="REGION", help="The region of the STS endpoint.")
@click.pass_context
def token(
    context: click.Context, audience: str | None, profile: str | None, region: str | None
) -> None:
    """Print a token that proves your AWS identity.

    A gateway accepts it for 15 minutes.

    It is a presigned request to STS, good for this one gateway, and gives no access to AWS. Nothing
    is sent. In Claude Code, it is the command of apiKeyHelper.

    \b
    modelwire serve token --audience team-gateway
    modelwire serve token --audience team-gateway --profile work
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire_gateway.administration.key_store import settings_of

    name = audience or settings_of(context).aws.audience
    if name is None:
        msg = "Name the gateway with --audience, as its settings have it in aws.audience."
        raise click.UsageError(msg, context)
    echo(make_token(name, profile=profile, region=region))


def make_token(audience: str, *, profile: str | None = None, region: str | None = None) -> str:
    """Make a token with the AWS credentials of this machine.

    Args:
        audience: The gateway's name.
        profile: A profile of AWS's configuration files; by default the environment's.
        region: The region whose STS is used; by default the environment's or `us-east-1`.

    Raises:
        AuthenticationError: There are no credentials, or they cannot be loaded.
        ConfigError: botocore is not installed.
    """
    try:
        from botocore.auth import SigV4QueryAuth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session
    except ModuleNotFoundError as error:
        msg = f"Signing needs the package {error.name}, which is not installed."
        hint = 'Install it with: pip install "modelwire-gateway[aws]"'
        raise ConfigError(msg, hint=hint) from error
    from modelwire_gateway.access.aws_token import (
        AUDIENCE_HEADER,
        LIFETIME_SECONDS,
        encode_token,
    )

    try:
        session = Session(profile=profile)
        credentials = session.get_credentials()
        place = region or session.get_config_variable("region") or "us-east-1"
        if credentials is None:
            msg = "There are no AWS credentials."
            raise AuthenticationError(msg, retryable=False)
        domain = "amazonaws.com.cn" if place.startswith("cn-") else "amazonaws.com"
        request = AWSRequest(
            "GET",
            f"https://sts.{place}.{domain}/?Action=GetCallerIdentity&Version=2011-06-15",
            headers={AUDIENCE_HEADER: audience},
        )
        SigV4QueryAuth(
            credentials.get_frozen_credentials(), "sts", place, expires=LIFETIME_SECONDS
        ).add_auth(request)
    except BotoCoreError as error:
        msg = f"The AWS credentials cannot be loaded: {error}"
        raise AuthenticationError(msg, retryable=False) from error
    return encode_token(request.url)
