"""Regions: the region of a request, and the parts of AWS host names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from attrs import frozen

from modelwire.errors import ConfigError, Problem

__all__ = ["DEFAULT_REGION", "AwsAddress", "Region", "aws_address", "first_region", "region_of_arn"]

DEFAULT_REGION = "us-east-1"

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ARN = re.compile(r"arn:aws(?:-[a-z0-9-]+)?:bedrock:([a-z0-9-]+):")
# The addresses of AWS partitions as botocore's endpoints.json lists them; the second form is the
# one of dual-stack endpoints.
_HOST = re.compile(
    r"(?P<vpc>vpce-[a-z0-9-]+\.)?bedrock(?:-runtime)?(?P<fips>-fips)?\.(?P<region>[a-z0-9-]+)\."
    r"(?P<suffix>(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov)"
    r"|api\.aws|api\.amazonwebservices\.(?:com\.cn|eu))"
)
_DUAL_STACK = ("api.aws", "api.amazonwebservices.com.cn", "api.amazonwebservices.eu")


@frozen
class Region:
    """A region and its source.

    Attributes:
        name: As `eu-central-1`.
        source: As `env: AWS_REGION`; `default` where none is configured.
    """

    name: str
    source: str


@frozen
class AwsAddress:
    """The parts of a Bedrock address.

    Attributes:
        region: The region in it.
        fips: Whether it is a FIPS 140 endpoint.
        dual_stack: Whether it can be reached by IPv6 too.
        private: Whether it belongs to a VPC endpoint, so that no other can replace it.
    """

    region: str
    fips: bool = False
    dual_stack: bool = False
    private: bool = False


def aws_address(url: str | None) -> AwsAddress | None:
    """Read an address of Bedrock at AWS; `None` for any other, as a proxy's or an emulator's."""
    try:
        parts = urlsplit(url or "")
        # A custom port or path is a proxy's, whatever its name looks like.
        plain = parts.scheme == "https" and parts.port in (None, 443) and parts.path in ("", "/")
    except ValueError:
        return None
    match = _HOST.fullmatch((parts.hostname or "").rstrip("."))
    if match is None or not plain:
        return None
    private = match["vpc"] is not None or match["suffix"].startswith("vpce.")
    return AwsAddress(
        match["region"],
        fips=match["fips"] is not None,
        dual_stack=match["suffix"] in _DUAL_STACK,
        private=private,
    )


def region_of_arn(model_id: str) -> str | None:
    """The region that an ARN of Bedrock belongs to; `None` for anything else."""
    match = _ARN.match(model_id.strip())
    return match[1] if match else None


def first_region(candidates: Iterable[tuple[str | None, str]]) -> Region:
    """The first region that is not blank, each given with its source; else the default.

    Raises:
        ConfigError: The region's name could not be part of a host name.
    """
    for name, source in candidates:
        if name and name.strip():
            if _NAME.fullmatch(name.strip()) is None:
                problem = Problem(source, "expected the name of an AWS region, as us-east-1")
                raise ConfigError("The AWS region is not valid.", problems=[problem])
            return Region(name.strip(), source)
    return Region(DEFAULT_REGION, "default")
