"""Batch inference jobs: CreateModelInvocationJob and its like, with Converse requests as records.

Operations, names and states are those of botocore 1.44.8; the rest is from
https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference.html, as of November 2026.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from modelwire.authoring import ItemRefusals, check_ended, look_up_prices, whole_answer
from modelwire.errors import InvalidRequest, MalformedResponse, ModelwireError, ProviderError
from modelwire.hookspecs import BatchItem, BatchJob, BatchResult, BatchTerms, CompletionOptions
from modelwire_bedrock.aws.clients import Clients, shared_clients
from modelwire_bedrock.aws.control_plane import Operation, call
from modelwire_bedrock.batch.records import answer_in, check_item, input_line, record_id
from modelwire_bedrock.batch.settings import Location, batch_settings
from modelwire_bedrock.batch.store import Store
from modelwire_bedrock.converse.plan import base_model_of, plan_call, target_of
from modelwire_bedrock.converse.response import AnswerTranslator
from modelwire_bedrock.models.prices import PRICED_SERVICE, priced_id
from modelwire_bedrock.models.routes import CONVERSE
from modelwire_bedrock.routes.choice import choose_route

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs.jobs import BatchJobState
    from modelwire.messages import AssistantMessage
    from modelwire.models import Model, Prices
    from modelwire.transport import Transport
    from modelwire_bedrock.aws.endpoints import Target
    from modelwire_bedrock.converse.call import ConverseCall

__all__ = ["TERMS", "InferenceJobs"]

TERMS = BatchTerms(
    price_factor=0.5,
    recognizes_keys=True,
    source="https://docs.aws.amazon.com/bedrock/latest/userguide/capacity-limits-cost-optimization.html",
)
"""The documented terms. The numbers of records of a job are quotas of the account, for each model."""

_STATES: Mapping[str, BatchJobState] = {
    "Submitted": "queued",
    "Validating": "queued",
    "Scheduled": "queued",
    "InProgress": "running",
    "Stopping": "cancelling",
    "Completed": "completed",
    "PartiallyCompleted": "completed",
    "Failed": "failed",
    "Stopped": "cancelled",
    "Expired": "expired",
}
_INPUT = "input.jsonl"
_OUTPUT = ".jsonl.out"
_LONGEST_NAME = 63
_ITEMS_AT_ONCE = 50
"""How many requests are written before other tasks of the event loop get their turn."""


@frozen
class InferenceJobs:
    """The batch inference jobs of one model; the hook `batch_jobs` returns it.

    Attributes:
        model: The model.
        provider: The provider's configuration.
        config: The configuration.
        transport: The HTTP client.
        clients: Where boto3's clients come from.
    """

    model: Model
    provider: ProviderConfig
    config: Config
    transport: Transport
    clients: Clients = field(factory=shared_clients, repr=False)

    @property
    def terms(self) -> BatchTerms:
        """Half of the price; the limits are quotas of the account."""
        return TERMS

    async def submit_batch(self, items: Sequence[BatchItem], key: str) -> BatchJob:
        """Write the requests to S3, and create a job of them.

        A repeated submission with the same key creates no second job.

        Raises:
            ItemsRefused: Items cannot be sent.
            InvalidRequest: The model is not on Converse.
            ConfigError: `batch.roleArn` or `batch.s3Uri` of the provider is missing or not valid.
            ModelwireError: AWS refused or failed, or there are no credentials.
        """
        self._check_route()
        settings = batch_settings(self.provider)
        target = self._target(items)
        store = self._store(target)
        lines, model_id = await self._lines(items, target)
        place = settings.location.under(key)
        await store.write(place.under("input", _INPUT), b"\n".join((*lines, b"")))
        params: dict[str, Any] = {
            "jobName": f"modelwire-{key}"[:_LONGEST_NAME],
            "clientRequestToken": key,
            "roleArn": settings.role_arn,
            "modelId": model_id,
            "modelInvocationType": "Converse",
            "inputDataConfig": _s3("Input", place.under("input", _INPUT)),
            "outputDataConfig": _s3("Output", place.under("output")),
        }
        if settings.timeout_hours is not None:
            params["timeoutDurationInHours"] = settings.timeout_hours
        answer = await self._call("create_model_invocation_job", params, target)
        job_id = answer.get("jobArn")
        if not isinstance(job_id, str):
            raise self._malformed("The answer to CreateModelInvocationJob has no jobArn.")
        return BatchJob(job_id, "queued", len(items))

    async def poll_batch(self, job_id: str) -> BatchJob:
        """Return the current state of a job.

        Raises:
            ModelwireError: AWS refused or failed, or has no such job.
        """
        return self._job(await self._described(job_id, self._target()))

    async def cancel_batch(self, job_id: str) -> BatchJob:
        """Stop a job; records that were answered are kept.

        Raises:
            ModelwireError: AWS refused or failed.
        """
        target = self._target()
        await self._call("stop_model_invocation_job", {"jobIdentifier": job_id}, target)
        return self._job(await self._described(job_id, target))

    async def fetch_batch(
        self, job_id: str, items: Mapping[str, BatchItem]
    ) -> AsyncGenerator[BatchResult, None]:
        """Yield the records of a job's output files.

        Raises:
            InvalidRequest: The job has not ended.
            ModelwireError: AWS refused or failed, or the files are not in S3 any longer.
        """
        target = self._target()
        described = await self._described(job_id, target)
        job = self._job(described)
        check_ended(job, self.model)
        output = described.get("outputDataConfig", {}).get("s3OutputDataConfig", {})
        location = Location.parse(str(output.get("s3Uri", "")))
        if location is None:
            raise self._malformed("The job does not say where its output is.")
        store, prices = self._store(target), await self._prices(described)
        for name in await store.names(location.under(job.id.rpartition("/")[2])):
            if not name.key.endswith(_OUTPUT):
                continue
            async with aclosing(store.lines(name)) as lines:
                async for line in lines:
                    custom_id = record_id(line)
                    item = items.get(custom_id)
                    yield await self._result(custom_id, line, item, target, prices)

    async def _lines(self, items: Sequence[BatchItem], target: Target) -> tuple[list[bytes], str]:
        """The records of the input file, and the id that is called."""
        lines: list[bytes] = []
        called, refusals = self.model.id, ItemRefusals(self.model)
        for item in items:
            try:
                planned = await self._planned(item, target)
                check_item(planned, self.model)
                request = await planned.prepare()
            except ModelwireError as error:
                refusals.add(item, error)
                continue
            called = planned.request.payload["modelId"]
            lines.append(input_line(item.custom_id, request.body or b"{}"))
            if len(lines) % _ITEMS_AT_ONCE == 0:
                await asyncio.sleep(0)
        refusals.check()
        return lines, called

    async def _planned(self, item: BatchItem, target: Target) -> ConverseCall:
        """The call that would answer the item by itself, as a whole."""
        base_model = await base_model_of(self.model, target, self.clients, self.transport)
        planned = plan_call(
            self.model,
            item.context,
            item.options,
            self.provider,
            self.config,
            base_model=base_model,
            target=target,
            clients=self.clients,
            transport=self.transport,
        )
        return evolve(planned, operation="converse", headers={})

    async def _result(
        self,
        custom_id: str,
        line: Any,
        item: BatchItem | None,
        target: Target,
        prices: Prices | None,
    ) -> BatchResult:
        try:
            body = answer_in(line, provider=self.provider.id, model=self.model.id)
            return BatchResult(custom_id, await self._message(body, item, target, prices))
        except ModelwireError as error:
            return BatchResult(custom_id, error=error)

    async def _message(
        self, body: bytes, item: BatchItem | None, target: Target, prices: Prices | None
    ) -> AssistantMessage:
        request = (await self._planned(item, target)).request if item is not None else None
        limit_note = request.limit_note if request is not None else None
        return whole_answer(
            self.model,
            [body],
            AnswerTranslator(request.tool_names if request is not None else {}, limit_note),
            api=CONVERSE,
            changes=request.changes if request is not None else (),
            response_schema=item.options.response_schema if item is not None else None,
            prices=prices,
            price_factor=self.terms.price_factor,
        )

    async def _prices(self, described: Mapping[str, Any]) -> Prices | None:
        """The prices of the model that the job calls, where the model came without any."""
        if self.model.prices is not None:
            return self.model.prices
        called = str(described.get("modelId", self.model.id)).rpartition("/")[2]
        known = self.model.extra.get("baseModel")
        priced = priced_id(called, known if isinstance(known, str) else None)
        entry = await asyncio.to_thread(look_up_prices, PRICED_SERVICE, priced)
        return entry.prices

    def _job(self, described: Mapping[str, Any]) -> BatchJob:
        state = _STATES.get(described.get("status", ""))
        job_id = described.get("jobArn")
        if state is None or not isinstance(job_id, str):
            raise self._malformed("The answer to GetModelInvocationJob does not describe a job.")
        return BatchJob(
            job_id,
            state,
            described.get("totalRecordCount"),
            described.get("successRecordCount"),
            described.get("errorRecordCount"),
            described.get("message"),
        )

    async def _described(self, job_id: str, target: Target) -> Mapping[str, Any]:
        return await self._call("get_model_invocation_job", {"jobIdentifier": job_id}, target)

    async def _call(
        self, operation: Operation, params: Mapping[str, Any], target: Target
    ) -> Mapping[str, Any]:
        try:
            return await call(
                operation, params, target=target, clients=self.clients, transport=self.transport
            )
        except ProviderError as error:
            error.provider, error.model = self.provider.id, error.model or self.model.id
            raise

    def _check_route(self) -> None:
        route = choose_route(self.model, self.provider)
        if route.api != CONVERSE:
            raise self._refused(
                f"Batch jobs are of Converse, and {self.model.ref} is called by {route.api}: "
                f"{route.reason}."
            )

    def _target(self, items: Sequence[BatchItem] = ()) -> Target:
        options = items[0].options if items else CompletionOptions()
        return target_of(self.model, options, self.provider, self.config)

    def _store(self, target: Target) -> Store:
        return Store(self.clients, target, self.provider.id)

    def _refused(self, message: str) -> InvalidRequest:
        return InvalidRequest(
            message, provider=self.provider.id, model=self.model.id, retryable=False
        )

    def _malformed(self, message: str) -> MalformedResponse:
        return MalformedResponse(message, provider=self.provider.id, model=self.model.id)


def _s3(kind: str, location: Location) -> dict[str, Any]:
    config: dict[str, Any] = {"s3Uri": location.uri}
    if kind == "Input":
        config["s3InputFormat"] = "JSONL"
    return {f"s3{kind}DataConfig": config}
