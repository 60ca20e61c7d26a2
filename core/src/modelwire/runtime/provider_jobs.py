"""Batch jobs at a model's provider: submitted, polled, fetched and cancelled through its plugin."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve, field, frozen

from modelwire._plugin_hints import plugin_hint
from modelwire.authoring import ItemRefusals, item_cancelled, item_expired
from modelwire.errors import InvalidRequest, MalformedResponse, ModelwireError, PluginError
from modelwire.hookspecs import BatchItem, BatchJob, BatchJobs, BatchResult, BatchTerms
from modelwire.models import Model, ModelRef
from modelwire.redaction.echoes import SentSecrets, redact_error
from modelwire.runtime.plugin_call import PluginCall
from modelwire.runtime.prompts import check_abilities
from modelwire.runtime.resolver import Resolver
from modelwire.transport import RetryPolicy, retrying, retrying_call

if TYPE_CHECKING:
    from modelwire.runtime.runtime import Runtime

__all__ = ["ProviderJobs"]

T = TypeVar("T")

_HINT = "Answer the requests one by one, or name a model of a provider that has batch jobs."
_ITEMS_AT_ONCE = 200
"""How many items are prepared before other tasks of the event loop get their turn."""


@frozen
class ProviderJobs:
    """The batch jobs of one model at its provider.

        jobs = await ProviderJobs.of(runtime, "acme/some-model")
        job = await jobs.submit(items)
        while not (job := await jobs.poll(job.id)).ended:
            await asyncio.sleep(60)
        async for result in jobs.fetch(job.id, items):
            ...

    It is made by `of`, and uses the runtime's connections, so the runtime must remain open.

    Attributes:
        model: The model.
        terms: The documented terms of the provider.
    """

    model: Model
    terms: BatchTerms
    _jobs: BatchJobs = field(repr=False)
    _call: PluginCall = field(repr=False)
    _retries: RetryPolicy = field(repr=False)
    _prepare: Callable[[BatchItem], BatchItem] = field(repr=False)

    @classmethod
    async def of(
        cls,
        runtime: Runtime,
        model: ModelRef | str | None = None,
        *,
        retries: RetryPolicy | None = None,
    ) -> ProviderJobs:
        """Find the batch jobs of a model.

        Args:
            runtime: The runtime.
            model: A reference as for `Runtime.resolve`; `None` is the primary model.
            retries: When a job is polled, fetched or cancelled again after a failure.

        Raises:
            InvalidRequest: The model's plugin has no batch jobs.
            ModelwireError: The model is not known, or its plugin cannot be used.
        """
        registry, catalog, transport = runtime.registry, runtime.catalog, runtime.transport
        found = await runtime.resolve(model)
        call = await PluginCall.prepare(registry, catalog, transport, found)
        call.require("batch_jobs", "run batch jobs", _HINT)
        # In a thread, since it imports modules that no other call needs.
        jobs: object = await asyncio.to_thread(
            call.run,
            lambda: call.owner.hooks.batch_jobs(
                model=found,
                provider=call.provider,
                config=runtime.config,
                transport=call.transport,
            ),
            "return its batch jobs",
        )
        if not isinstance(jobs, BatchJobs):
            raise _wrong(call, jobs, "BatchJobs")
        terms: object = call.run(lambda: jobs.terms, "return the terms of its batch jobs")
        if not isinstance(terms, BatchTerms):
            raise _wrong(call, terms, "BatchTerms")

        resolver = Resolver(runtime.config, registry, catalog)

        def prepare(item: BatchItem) -> BatchItem:
            check_abilities(found, item.context)
            options = resolver.options_for(found, item.options, deadlines=transport.deadlines)
            return evolve(item, options=options)

        return cls(found, terms, jobs, call, retries or RetryPolicy(), prepare)

    async def submit(self, items: Iterable[BatchItem], *, key: str | None = None) -> BatchJob:
        """Create a job.

        A failure whose outcome is not known, such as a lost connection, is not retried, since a job
        costs money. With the same key it may be submitted again, where the provider supports that.

        Args:
            items: The requests, with unique ids.
            key: Identifies the submission: letters and digits. By default a random one.

        Raises:
            ItemsRefused: Items cannot be sent.
            JobTooLarge: The items together have more bytes than the terms allow.
            InvalidRequest: There are no items, two have the same id, or they are more or fewer than
                the terms allow. As with the two above, nothing has been created.
            ConfigError: A setting that jobs require is missing or not valid.
            ModelwireError: The provider refused or failed.
        """
        prepared, refusals = await self._prepared(items)
        refusals.check()
        self._check_count(len(prepared))
        name = uuid.uuid4().hex if key is None else key
        if not (name.isascii() and name.isalnum()):
            msg = f"The key of a job holds letters and digits; {name!r} does not."
            raise self._refused(msg)
        return await self._job(lambda: self._jobs.submit_batch(prepared, name), "submit a job")

    async def poll(self, job_id: str) -> BatchJob:
        """The current state of a job.

        Raises:
            ModelwireError: The provider refused or failed, or has no such job.
        """
        return await self._again(lambda: self._jobs.poll_batch(job_id), "poll a job")

    async def cancel(self, job_id: str) -> BatchJob:
        """Request that a job be cancelled; its state is polled as before.

        Raises:
            ModelwireError: The provider refused or failed.
        """
        return await self._again(lambda: self._jobs.cancel_batch(job_id), "cancel a job")

    async def fetch(
        self, job_id: str, items: Iterable[BatchItem] = (), *, report_missing: bool = True
    ) -> AsyncGenerator[BatchResult, None]:
        """The results of a job that has ended, in any order.

        Args:
            job_id: The id of the job.
            items: The items with which it was submitted, as far as they are known. Without them,
                tools whose names had to be rewritten keep the rewritten names.
            report_missing: Whether items without a result get an error that says why; not for items
                of which some may be in other jobs.

        Raises:
            InvalidRequest: The job has not ended.
            ModelwireError: The provider refused or failed. Results before that have been yielded.
        """
        prepared, _ = await self._prepared(items)
        known = {item.custom_id: item for item in prepared}
        missing = dict.fromkeys(known)
        results = retrying(
            lambda: self._results(job_id, known), self._retries, model=str(self.model.ref)
        )
        async with aclosing(results):
            async for result in results:
                missing.pop(result.custom_id, None)
                yield result
        if missing and report_missing:
            job = await self.poll(job_id)
            for custom_id in missing:
                yield BatchResult(custom_id, error=self._unanswered(job))

    def _unanswered(self, job: BatchJob) -> ModelwireError:
        """The error of an item that the results of a job do not contain."""
        if job.state == "cancelled":
            return item_cancelled()
        if job.state == "expired":
            return item_expired(self.model)
        reason = f": {job.message}" if job.message else "."
        if job.state == "failed":
            return self._refused(f"The job failed before this item was answered{reason}")
        msg = "The results of the job do not contain this item."
        return MalformedResponse(msg, provider=self.model.provider, model=self.model.id)

    async def _results(
        self, job_id: str, items: Mapping[str, BatchItem]
    ) -> AsyncGenerator[BatchResult, None]:
        """Fetch once. Results are checked, and their errors hold no secrets that were sent."""
        call, sent = self._call, SentSecrets()
        work = "fetch the results of a job"
        given: object = call.run(lambda: self._jobs.fetch_batch(job_id, items), work)
        if not isinstance(given, AsyncIterator):
            raise _wrong(call, given, "an asynchronous iterator")
        stream: Any = given
        try:
            while True:
                token = sent.begin()
                try:
                    result: object = await call.wait_for(lambda: _next(stream), work)
                finally:
                    sent.end(token)
                if result is None:
                    return
                if not isinstance(result, BatchResult):
                    raise _wrong(call, result, "BatchResult")
                if result.error is not None:
                    redact_error(result.error, sent.lasting)
                yield result
        finally:
            if hasattr(stream, "aclose"):
                await stream.aclose()

    async def _prepared(self, items: Iterable[BatchItem]) -> tuple[list[BatchItem], ItemRefusals]:
        """The items with the options that apply to the model, and those that it cannot answer.

        Raises:
            InvalidRequest: Two items have the same id.
        """
        prepared: dict[str, BatchItem] = {}
        refusals = ItemRefusals(self.model)
        for item in items:
            if item.custom_id in prepared:
                raise self._refused(f"Two items have the custom_id {item.custom_id!r}.")
            try:
                prepared[item.custom_id] = self._prepare(item)
            except InvalidRequest as error:
                refusals.add(item, error)
            if len(prepared) % _ITEMS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return list(prepared.values()), refusals

    def _check_count(self, count: int) -> None:
        terms = self.terms
        if not count:
            raise self._refused("There are no items to submit.")
        if terms.max_items is not None and count > terms.max_items:
            msg = f"A job holds at most {terms.max_items} items, not {count}."
            raise self._refused(msg, "Divide the items into several jobs.")
        if terms.min_items is not None and count < terms.min_items:
            msg = f"A job holds at least {terms.min_items} items, not {count}."
            raise self._refused(msg, _HINT)

    def _refused(self, message: str, hint: str | None = None) -> InvalidRequest:
        model = self.model
        return InvalidRequest(
            message, provider=model.provider, model=model.id, retryable=False, hint=hint
        )

    async def _again(self, call: Callable[[], Awaitable[BatchJob]], work: str) -> BatchJob:
        return await retrying_call(
            lambda: self._job(call, work), self._retries, model=str(self.model.ref)
        )

    async def _job(self, call: Callable[[], Awaitable[BatchJob]], work: str) -> BatchJob:
        job: object = await self._call.wait_for(call, work)
        if not isinstance(job, BatchJob):
            raise _wrong(self._call, job, "BatchJob")
        return job


async def _next(stream: AsyncIterator[T]) -> T | None:
    try:
        return await anext(stream)
    except StopAsyncIteration:
        return None


def _wrong(call: PluginCall, given: object, due: str) -> PluginError:
    package = call.owner.distribution
    msg = f"{package} returned {type(given).__name__} where {due} is due."
    return PluginError(msg, hint=plugin_hint(package))
