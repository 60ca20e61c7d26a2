"""The Batch API: a file of requests in, files of answers and errors out.

The documents are those of openai-python 3.57 (`types/batch.py`, `types/batch_create_params.py`), and
the lines of the files those of https://developers.openai.com/api/docs/guides/batch; both as of
November 2026.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from attrs import frozen

from modelwire.authoring import (
    check_ended,
    encode_json,
    error_in_stream,
    error_of_response,
    fetch_lines,
    item_cancelled,
    item_expired,
    post_file,
    post_json,
    read_object,
    read_objects,
    read_text,
    require_text,
    write_items,
)
from modelwire.errors import MalformedResponse, ModelwireError
from modelwire.hookspecs import BatchItem, BatchJob, BatchResult, BatchTerms
from modelwire_openai.account import Account, default_api, resolve_account
from modelwire_openai.client import fetch_json, json_api, redact_json
from modelwire_openai.servers import RESPONSES

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs.jobs import BatchJobState
    from modelwire.messages import AssistantMessage
    from modelwire.models import Model
    from modelwire.transport import Transport
    from modelwire_openai.batch_bodies import BatchBodies

__all__ = ["TERMS", "OpenAIBatches"]

TERMS = BatchTerms(
    max_items=50_000,
    max_bytes=200 * 1000 * 1000,
    hours=24,
    price_factor=0.5,
    source="https://developers.openai.com/api/docs/guides/batch",
)
"""The terms of OpenAI's own service. The unit of its "200 MB" is taken as the smaller one."""

_STATES: Mapping[str, BatchJobState] = {
    "validating": "queued",
    "in_progress": "running",
    "finalizing": "running",
    "completed": "completed",
    "failed": "failed",
    "expired": "expired",
    "cancelling": "cancelling",
    "cancelled": "cancelled",
}
_STREAMED = frozenset({"stream", "stream_options"})
_OK = range(200, 300)


@frozen
class OpenAIBatches:
    """The batches of one model; the hook `batch_jobs` returns it.

    Attributes:
        model: The model.
        provider: The provider's configuration.
        config: The configuration.
        transport: The HTTP client.
    """

    model: Model
    provider: ProviderConfig
    config: Config
    transport: Transport

    @property
    def terms(self) -> BatchTerms:
        """Those of OpenAI; unknown for other services of these APIs."""
        return TERMS if self.provider.id == "openai" else BatchTerms()

    async def submit_batch(self, items: Sequence[BatchItem], key: str) -> BatchJob:
        """Upload the requests as a file, and create a batch of it.

        The service does not recognize a repeated submission; `key` is part of the file's name, and
        the batch has it as metadata.

        Raises:
            ItemsRefused: Items cannot be sent.
            JobTooLarge: The file is too large.
            ConfigError: A setting is not valid.
            ProviderError: The service refused or failed.
        """
        account = self._account(items)
        bodies = self._bodies(account)

        def write(item: BatchItem) -> bytes:
            payload = bodies.build(item).payload
            # Each answer is written as a whole.
            body = {name: value for name, value in payload.items() if name not in _STREAMED}
            line = {"custom_id": item.custom_id, "method": "POST", "url": bodies.url, "body": body}
            return encode_json(line)

        lines = await write_items(items, write, model=self.model, terms=self.terms)
        api, deadlines = json_api(account), items[0].options.deadlines if items else None
        file = await post_file(
            api,
            account.url("files"),
            b"\n".join((*lines, b"")),
            filename=f"modelwire-{key}.jsonl",
            fields={"purpose": "batch"},
            transport=self.transport,
            deadlines=deadlines,
            model=self.model.id,
        )
        answer = await post_json(
            api,
            account.url("batches"),
            {
                "input_file_id": self._id_of(file),
                "endpoint": bodies.url,
                "completion_window": "24h",
                "metadata": {"modelwire": key},
            },
            transport=self.transport,
            deadlines=deadlines,
            model=self.model.id,
        )
        return self._job(answer)

    async def poll_batch(self, job_id: str) -> BatchJob:
        """Return the current state of a batch.

        Raises:
            ProviderError: The service refused or failed, or has no such batch.
        """
        return self._job(await self._description(job_id, self._account()))

    async def cancel_batch(self, job_id: str) -> BatchJob:
        """Request that a batch be cancelled.

        Raises:
            ProviderError: The service refused or failed.
        """
        account = self._account()
        answer = await post_json(
            json_api(account),
            account.url(f"{_route(job_id)}/cancel"),
            {},
            transport=self.transport,
            model=self.model.id,
        )
        return self._job(answer)

    async def fetch_batch(
        self, job_id: str, items: Mapping[str, BatchItem]
    ) -> AsyncGenerator[BatchResult, None]:
        """Yield the results of a batch that has ended: those of its output, then its error file.

        Raises:
            InvalidRequest: The batch has not ended.
            ProviderError: The service refused or failed, or does not keep the files any longer.
        """
        account = self._account()
        described = await self._description(job_id, account)
        check_ended(self._job(described), self.model)
        for name in ("output_file_id", "error_file_id"):
            if file_id := read_text(described, name):
                lines = fetch_lines(
                    json_api(account),
                    account.url(f"files/{quote(file_id, safe='')}/content"),
                    transport=self.transport,
                    model=self.model.id,
                )
                async with aclosing(lines):
                    async for line in lines:
                        custom_id = require_text(line, "custom_id")
                        yield self._result(custom_id, line, items.get(custom_id), account)

    def _account(self, items: Sequence[BatchItem] = ()) -> Account:
        params = items[0].options.params if items else None
        return resolve_account(self.provider, self.config, self.model, params)

    def _bodies(self, account: Account) -> BatchBodies:
        """The bodies of the API that the model is called in."""
        if (self.model.api or default_api(self.provider, self.config, self.model)) == RESPONSES:
            from modelwire_openai.responses.batch import ResponsesBodies

            return ResponsesBodies(self.model, account, self.provider)
        from modelwire_openai.completions.batch import ChatBodies

        return ChatBodies(self.model, account, self.provider)

    async def _description(self, job_id: str, account: Account) -> Mapping[str, Any]:
        answer = await fetch_json(account, _route(job_id), transport=self.transport)
        return answer if isinstance(answer, dict) else {}

    def _id_of(self, answer: Any) -> str:
        data: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
        if found := read_text(data, "id"):
            return found
        raise self._malformed("The answer does not name the uploaded file.")

    def _job(self, answer: Any) -> BatchJob:
        """The job that the service describes.

        Raises:
            MalformedResponse: It describes none.
        """
        data: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
        job_id, state = read_text(data, "id"), _STATES.get(read_text(data, "status") or "")
        if not job_id or state is None:
            raise self._malformed("The answer does not describe a batch.")
        counts = read_object(data, "request_counts") or {}
        total, completed, failed = (
            value if type(value := counts.get(name)) is int else None
            for name in ("total", "completed", "failed")
        )
        # While the file is validated, the service counts 0.
        return BatchJob(job_id, state, total or None, completed, failed, _file_errors(data))

    def _result(
        self, custom_id: str, line: Mapping[str, Any], item: BatchItem | None, account: Account
    ) -> BatchResult:
        try:
            return BatchResult(custom_id, self._message(line, item, account))
        except ModelwireError as error:
            return BatchResult(custom_id, error=error)

    def _message(
        self, line: Mapping[str, Any], item: BatchItem | None, account: Account
    ) -> AssistantMessage:
        response = read_object(line, "response")
        if response is None:
            raise self._failure(read_object(line, "error") or {}, account)
        body, status = read_object(response, "body"), response.get("status_code")
        if type(status) is not int or body is None:
            raise self._malformed("A result has neither an answer nor an error.")
        if status not in _OK:
            error = error_of_response(
                status,
                {},
                encode_json(redact_json(account, body)),
                provider=self.provider.id,
                model=self.model.id,
            )
            error.request_id = error.request_id or read_text(response, "request_id")
            raise error
        return self._bodies(account).read(body, item, self.terms.price_factor)

    def _failure(self, failure: dict[str, Any], account: Account) -> ModelwireError:
        """The error of an item that was not sent to the model."""
        code = read_text(failure, "code")
        if code == "batch_expired":
            return item_expired(self.model)
        if code == "batch_cancelled":
            return item_cancelled()
        failure = cast("dict[str, Any]", redact_json(account, failure))
        return error_in_stream({"error": failure}, provider=self.provider.id, model=self.model.id)

    def _malformed(self, message: str) -> MalformedResponse:
        return MalformedResponse(message, provider=self.provider.id, model=self.model.id)


def _route(job_id: str) -> str:
    return f"batches/{quote(job_id, safe='')}"


def _file_errors(data: Mapping[str, Any]) -> str | None:
    """The errors of the file, such as a line that is not valid."""
    found = read_objects(read_object(data, "errors") or {}, "data")
    texts = []
    for each in found[:3]:
        line = each.get("line")
        place = f"line {line}: " if type(line) is int else ""
        texts.append(f"{place}{read_text(each, 'message') or read_text(each, 'code') or 'unknown'}")
    return " ".join(texts) or None
