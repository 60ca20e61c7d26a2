"""Message Batches: many requests in one job, with its states and results.

Routes, states and results are those of https://docs.claude.com/en/api/creating-message-batches, the
limits and the price those of https://platform.claude.com/docs/en/build-with-claude/batch-processing,
both as of November 2026.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from attrs import frozen

from modelwire.authoring import (
    JsonEvent,
    StreamEnd,
    check_ended,
    encode_json,
    error_in_stream,
    fetch_lines,
    item_cancelled,
    item_expired,
    post_json,
    read_object,
    read_text,
    require_text,
    whole_answer,
    write_items,
)
from modelwire.errors import InvalidRequest, MalformedResponse, ModelwireError
from modelwire.hookspecs import BatchItem, BatchJob, BatchResult, BatchTerms
from modelwire_anthropic.account import API, PROVIDER, Account, resolve_account
from modelwire_anthropic.client import fetch_json, json_api
from modelwire_anthropic.messages.request import MessagesRequest, build_request
from modelwire_anthropic.messages.stream import Translator
from modelwire_anthropic.vendors import vendor_of

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs.jobs import BatchJobState
    from modelwire.messages import AssistantMessage
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = ["TERMS", "MessageBatches"]

TERMS = BatchTerms(
    max_items=100_000,
    max_bytes=256 * 1000 * 1000,
    hours=24,
    price_factor=0.5,
    source="https://platform.claude.com/docs/en/build-with-claude/batch-processing",
)
"""The terms of Anthropic's own service. The unit of its "256 MB" is taken as the smaller one."""

_ROUTE = "messages/batches"
_LONGEST_ID = 64
"""The service refuses a longer `custom_id`: https://github.com/anthropics/anthropic-sdk-python/issues/984."""

_WITHOUT = frozenset({"bedrock", "vertex"})
"""Services of this API without Message Batches, according to Anthropic's documentation."""


@frozen
class MessageBatches:
    """The Message Batches of one model; the hook `batch_jobs` returns it.

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
        """Those of Anthropic; unknown for other services of this API."""
        return TERMS if self.provider.id == PROVIDER else BatchTerms()

    async def submit_batch(
        self,
        items: Sequence[BatchItem],
        key: str,  # noqa: ARG002 - the service does not recognize a repeated submission
    ) -> BatchJob:
        """Create a batch.

        Raises:
            ItemsRefused: Items cannot be sent.
            JobTooLarge: The job is too large.
            InvalidRequest: The service has no batches.
            ConfigError: A setting is not valid.
            ProviderError: The service refused or failed.
        """
        account = self._account()
        betas: dict[str, None] = {}

        def write(item: BatchItem) -> bytes:
            request = self._request(item, account)
            betas.update(dict.fromkeys(request.betas))
            # Each answer is written as a whole.
            params = {name: value for name, value in request.payload.items() if name != "stream"}
            return encode_json({"custom_id": self._checked_id(item), "params": params})

        lines = await write_items(items, write, model=self.model, terms=self.terms)
        answer = await post_json(
            json_api(account, betas=betas),
            account.url(_ROUTE),
            b'{"requests":[%b]}' % b",".join(lines),
            transport=self.transport,
            deadlines=items[0].options.deadlines if items else None,
            model=self.model.id,
        )
        return self._job(answer)

    async def poll_batch(self, job_id: str) -> BatchJob:
        """Return the current state of a batch.

        Raises:
            ProviderError: The service refused or failed, or has no such batch.
        """
        return self._job(
            await fetch_json(self._account(), _route(job_id), transport=self.transport)
        )

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
        """Yield the results of a batch that has ended, line by line.

        Raises:
            InvalidRequest: The batch has not ended.
            ProviderError: The service refused or failed, or does not keep the results any longer.
        """
        check_ended(await self.poll_batch(job_id), self.model)
        account = self._account()
        lines = fetch_lines(
            json_api(account),
            account.url(f"{_route(job_id)}/results"),
            transport=self.transport,
            model=self.model.id,
        )
        async with aclosing(lines):
            async for line in lines:
                custom_id = require_text(line, "custom_id")
                yield self._result(custom_id, line, items.get(custom_id), account)

    def _account(self) -> Account:
        account = resolve_account(self.provider, self.config, self.model)
        vendor = vendor_of(self.model, account.base_url)
        if vendor.id in _WITHOUT:
            raise self._refused("This service of the Messages API has no batch jobs.")
        return account

    def _request(self, item: BatchItem, account: Account) -> MessagesRequest:
        vendor = vendor_of(self.model, account.base_url)
        return build_request(self.model, item.context, item.options, vendor=vendor)

    def _checked_id(self, item: BatchItem) -> str:
        if len(item.custom_id) > _LONGEST_ID:
            raise self._refused(
                f"The service takes no custom_id of more than {_LONGEST_ID} characters."
            )
        return item.custom_id

    def _job(self, answer: Any) -> BatchJob:
        """The job that the service describes.

        Raises:
            MalformedResponse: It describes none.
        """
        data: Mapping[str, Any] = answer if isinstance(answer, Mapping) else {}
        counts = read_object(data, "request_counts") or {}
        state = _state_of(data, counts)
        if state is None or not (job_id := read_text(data, "id")):
            raise self._malformed("The answer does not describe a batch of messages.")
        failed = _sum(counts, "errored", "canceled", "expired")
        succeeded = _sum(counts, "succeeded")
        total = _sum(counts, "processing", "succeeded", "errored", "canceled", "expired")
        return BatchJob(job_id, state, total, succeeded, failed)

    def _result(
        self, custom_id: str, line: Mapping[str, Any], item: BatchItem | None, account: Account
    ) -> BatchResult:
        try:
            result = read_object(line, "result") or {}
            kind = read_text(result, "type")
            if kind == "canceled":
                raise item_cancelled()
            if kind == "expired":
                raise item_expired(self.model)
            if kind == "errored":
                raise self._failure(result, account)
            return BatchResult(custom_id, self._message(result, item, account))
        except ModelwireError as error:
            return BatchResult(custom_id, error=error)

    def _failure(self, result: Mapping[str, Any], account: Account) -> ModelwireError:
        error = json_api(account).redact_json(result.get("error"))
        request_id = read_text(error, "request_id") if isinstance(error, dict) else None
        return error_in_stream(
            error, provider=self.provider.id, model=self.model.id, request_id=request_id or None
        )

    def _message(
        self, result: Mapping[str, Any], item: BatchItem | None, account: Account
    ) -> AssistantMessage:
        request = self._request(item, account) if item is not None else None
        schema = item.options.response_schema if item is not None else None
        answer = read_object(result, "message")
        if answer is None:
            raise self._malformed("A result has neither a message nor an error.")
        whole = JsonEvent("message", answer, whole=True)
        events: list[JsonEvent | StreamEnd] = [whole, StreamEnd()]
        return whole_answer(
            self.model,
            events,
            Translator(request.names if request is not None else {}),
            api=API,
            changes=request.changes if request is not None else (),
            response_schema=schema,
            price_factor=self.terms.price_factor,
        )

    def _refused(self, message: str) -> InvalidRequest:
        return InvalidRequest(
            message, provider=self.provider.id, model=self.model.id, retryable=False
        )

    def _malformed(self, message: str) -> MalformedResponse:
        return MalformedResponse(message, provider=self.provider.id, model=self.model.id)


def _route(job_id: str) -> str:
    return f"{_ROUTE}/{quote(job_id, safe='')}"


def _state_of(data: Mapping[str, Any], counts: Mapping[str, Any]) -> BatchJobState | None:
    status = data.get("processing_status")
    if status == "in_progress":
        return "running"
    if status == "canceling":
        return "cancelling"
    if status != "ended":
        return None
    if counts.get("canceled"):
        return "cancelled"
    return "expired" if counts.get("expired") else "completed"


def _sum(counts: Mapping[str, Any], *names: str) -> int | None:
    values: Iterable[Any] = [counts.get(name, 0) for name in names]
    known = [value for value in values if type(value) is int]
    return sum(known) if counts and len(known) == len(names) else None
