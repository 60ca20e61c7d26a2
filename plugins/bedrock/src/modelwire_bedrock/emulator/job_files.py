"""The files of batch inference jobs, in an S3 service such as moto's."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from modelwire_bedrock.emulator.errors import validation
from modelwire_bedrock.emulator.known_keys import CREDENTIALS

__all__ = ["JobFiles"]

_INPUT = ".jsonl"


class JobFiles:
    """Reads and writes objects; its methods block.

    Args:
        url: The address of S3.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _client(self) -> Any:
        from botocore.config import Config
        from botocore.session import Session

        return Session().create_client(
            "s3",
            region_name="us-east-1",
            endpoint_url=self._url,
            aws_access_key_id=CREDENTIALS.access_key_id,
            aws_secret_access_key=CREDENTIALS.secret_access_key,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    def read(self, uri: str) -> dict[str, bytes]:
        """The input files at an address or below it, by name.

        Raises:
            Refusal: There are none, or they cannot be read.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, key = _parts(uri)
        try:
            listed = self._client.list_objects_v2(Bucket=bucket, Prefix=key)
            names = [each["Key"] for each in listed.get("Contents", ())]
            found = {
                name.rpartition("/")[2]: self._client.get_object(Bucket=bucket, Key=name)[
                    "Body"
                ].read()
                for name in names
                if name.endswith(_INPUT)
            }
        except (BotoCoreError, ClientError) as error:
            msg = f"The input of the job cannot be read from {uri}: {error}"
            raise validation(msg) from error
        if not found:
            msg = f"There is no {_INPUT} file at {uri}."
            raise validation(msg)
        return found

    def write(self, uri: str, content: bytes) -> None:
        """Write a file.

        Raises:
            Refusal: It cannot be written.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, key = _parts(uri)
        try:
            self._client.put_object(Bucket=bucket, Key=key, Body=content)
        except (BotoCoreError, ClientError) as error:
            msg = f"The output of the job cannot be written to {uri}: {error}"
            raise validation(msg) from error

    def close(self) -> None:
        """Close its connections."""
        if "_client" in self.__dict__:
            self._client.close()
            del self._client


def _parts(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
