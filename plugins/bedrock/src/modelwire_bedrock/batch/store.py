"""The files of jobs in S3, written and read by boto3 in threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import field, frozen

from modelwire.errors import AuthenticationError, ConnectionFailed, ModelwireError
from modelwire.transport import JsonLinesDecoder
from modelwire_bedrock.aws.clients import Clients
from modelwire_bedrock.errors import ServiceFault

if TYPE_CHECKING:
    from modelwire_bedrock.aws.endpoints import Target
    from modelwire_bedrock.batch.settings import Location

__all__ = ["Store"]

T = TypeVar("T")

_CHUNK = 1024 * 1024


@frozen
class Store:
    """S3, with the credentials of a target.

    Attributes:
        clients: Where boto3's clients come from.
        target: The region and the identity.
        provider: The provider's id, for errors.
    """

    clients: Clients = field(repr=False)
    target: Target
    provider: str

    async def write(self, location: Location, content: bytes) -> None:
        """Write an object.

        Raises:
            ModelwireError: S3 refused or cannot be reached, or there are no credentials.
        """
        client = await self._client()
        await self._run(
            lambda: client.put_object(Bucket=location.bucket, Key=location.key, Body=content),
            location,
        )

    async def names(self, location: Location) -> list[Location]:
        """The objects below a place.

        Raises:
            ModelwireError: S3 refused or cannot be reached, or there are no credentials.
        """
        client = await self._client()

        def listed() -> list[Location]:
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=location.bucket, Prefix=f"{location.key}/"
            )
            found = [each["Key"] for page in pages for each in page.get("Contents", ())]
            return [type(location)(location.bucket, key) for key in found]

        return await self._run(listed, location)

    async def lines(self, location: Location) -> AsyncGenerator[Any, None]:
        """The JSON data of each line of an object.

        Raises:
            MalformedResponse: A line is not JSON.
            ModelwireError: S3 refused or cannot be reached, or there are no credentials.
        """
        client = await self._client()
        answer = await self._run(
            lambda: client.get_object(Bucket=location.bucket, Key=location.key), location
        )
        body, decoder = answer["Body"], JsonLinesDecoder()
        try:
            while chunk := await self._run(lambda: body.read(_CHUNK), location):
                for line in await asyncio.to_thread(decoder.feed, chunk):
                    yield line
            for line in decoder.end():
                yield line
        finally:
            body.close()

    async def _client(self) -> Any:
        if self.target.choice.kind == "bearer":
            msg = "A Bedrock API key does not open S3, where the files of batch jobs are kept."
            hint = "Use AWS credentials, such as a profile or a role."
            raise AuthenticationError(msg, provider=self.provider, hint=hint)
        client = await self.clients.get("s3", self.target)
        await self.clients.fresh(client)
        return client

    async def _run(self, call: Callable[[], T], location: Location) -> T:
        def work() -> T:
            from botocore.exceptions import BotoCoreError, ClientError

            try:
                return call()
            except ClientError as error:
                raise self._refused(error, location) from error
            except (BotoCoreError, OSError) as error:
                raise self._unreachable(error, location) from error

        return await asyncio.to_thread(work)

    def _refused(self, error: Any, location: Location) -> ModelwireError:
        details = error.response.get("Error", {})
        data = error.response.get("ResponseMetadata", {})
        code, message = str(details.get("Code", "")), str(details.get("Message", ""))
        fault = ServiceFault(
            code,
            f"{location.uri}: {message}",
            status=data.get("HTTPStatusCode", 500),
            request_id=data.get("RequestId"),
        )
        made = fault.error(provider=self.provider)
        path = f"models.providers.{self.provider}.batch.s3Uri"
        made.hint = made.hint or f"Check {path}, and what the credentials may do in S3."
        return made

    def _unreachable(self, error: Exception, location: Location) -> ModelwireError:
        from botocore.exceptions import ConnectionError as NoConnection
        from botocore.exceptions import HTTPClientError, NoCredentialsError

        if isinstance(error, NoConnection | HTTPClientError | OSError):
            msg = f"{location.uri} cannot be reached: {type(error).__name__}."
            return ConnectionFailed(msg, provider=self.provider)
        if isinstance(error, NoCredentialsError):
            msg = "There are no AWS credentials for S3."
            return AuthenticationError(msg, provider=self.provider)
        from modelwire_bedrock.aws.credentials.errors import credential_error

        return credential_error(error, self.target)
