"""Settings of batch inference, checked, with the path in every error.

models: { providers: { "amazon-bedrock": { batch: {
    roleArn: "arn:aws:iam::123456789012:role/batch",       // the service role, which Bedrock assumes
    s3Uri: "s3://my-bucket/modelwire",                     // where the files of jobs are kept
    timeoutHours: 24,                                      // 24 to 168
} } } }
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from modelwire.errors import ConfigError, Problem

if TYPE_CHECKING:
    from modelwire.config import ProviderConfig

__all__ = ["BatchSettings", "Location", "batch_settings"]

# The patterns of botocore 1.44.8, which refuses everything else.
_ROLE = re.compile(r"arn:aws(-[^:]+)?:iam::([0-9]{12})?:role/.+")
_URI = re.compile(r"s3://([a-z0-9][-.a-z0-9]{1,61}[a-z0-9])((?:/[-!_*'().a-z0-9A-Z]+)*)/?")
_HOURS = range(24, 169)


@frozen
class Location:
    """A place in S3.

    Attributes:
        bucket: The bucket.
        key: The key of an object, or the beginning of several; without a slash at its ends.
    """

    bucket: str
    key: str

    @property
    def uri(self) -> str:
        """The address, such as `s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}".rstrip("/")

    def under(self, *names: str) -> Location:
        """A place below this one."""
        return Location(self.bucket, "/".join(filter(None, (self.key, *names))))

    @classmethod
    def parse(cls, uri: str) -> Location | None:
        """Read an address; `None` where it is none."""
        found = _URI.fullmatch(uri)
        return cls(found[1], found[2].strip("/")) if found else None


@frozen
class BatchSettings:
    """Where the files of jobs are kept, and who reads them.

    Attributes:
        role_arn: The service role that Bedrock assumes.
        location: The place in S3.
        timeout_hours: The hours after which a job expires; `None` is the service's default.
    """

    role_arn: str
    location: Location
    timeout_hours: int | None = None


def batch_settings(provider: ProviderConfig) -> BatchSettings:
    """Read the settings of batch inference.

    Raises:
        ConfigError: A setting is missing or not valid; each is named by its path.
    """
    path = f"models.providers.{provider.id}.batch"
    values = provider.extra.get("batch", {})
    if not isinstance(values, Mapping):
        raise _invalid([Problem(path, "expected an object with roleArn and s3Uri")])
    problems: list[Problem] = []

    def text(key: str, pattern: re.Pattern[str], expected: str) -> str:
        value = values.get(key)
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        prefix = "is missing; " if value is None else ""
        problems.append(Problem(f"{path}.{key}", f"{prefix}expected {expected}"))
        return ""

    role = text("roleArn", _ROLE, "the ARN of a service role that Bedrock may assume")
    uri = text("s3Uri", _URI, "an address such as s3://bucket/prefix")
    hours: Any = values.get("timeoutHours")
    if hours is not None and (type(hours) is not int or hours not in _HOURS):
        problems.append(Problem(f"{path}.timeoutHours", "expected a number from 24 to 168"))
    location = Location.parse(uri)
    if problems or location is None:
        raise _invalid(problems)
    return BatchSettings(role, location, hours)


def _invalid(problems: list[Problem]) -> ConfigError:
    return ConfigError("Batch jobs of Amazon Bedrock cannot be configured so.", problems=problems)
