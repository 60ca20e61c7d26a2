"""Batch inference jobs: records of Converse from S3, answered by the emulated models.

The files have the forms of https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-data.html
and `batch-inference-results.html`, as of November 2026. Their states are those of botocore's service
model. Quotas, such as the minimum number of records, differ by account and are not emulated.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import string
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, field

from modelwire_bedrock.emulator.documents import parse_json
from modelwire_bedrock.emulator.errors import Refusal, validation
from modelwire_bedrock.emulator.job_files import JobFiles
from modelwire_bedrock.emulator.replies import Reply, StreamReply

if TYPE_CHECKING:
    from modelwire_bedrock.emulator.catalogue import Catalogue

__all__ = ["EmulatedJobs"]

_ALPHABET = string.ascii_lowercase + string.digits
_ENDED = frozenset({"Completed", "Failed", "PartiallyCompleted", "Stopped", "Expired"})
_KEPT = ("jobName", "clientRequestToken", "roleArn", "inputDataConfig", "outputDataConfig")


class _Models(Protocol):
    """What answers the records."""

    catalogue: Catalogue

    def converse(self, model_id: str, body: bytes, region: str) -> Reply:
        """The reply to a request of Converse."""


@define
class _Job:
    """One job.

    Attributes:
        arn: Its ARN.
        parameters: The parameters of CreateModelInvocationJob.
        status: Its state.
        message: Why it failed.
        counts: The numbers of records.
    """

    arn: str
    parameters: Mapping[str, Any]
    status: str = "Submitted"
    message: str | None = None
    counts: dict[str, int] = field(factory=dict)
    submitted: datetime = field(factory=lambda: datetime.now(UTC))

    def describe(self) -> dict[str, Any]:
        """The answer of GetModelInvocationJob."""
        repeated = {name: self.parameters[name] for name in _KEPT if name in self.parameters}
        failure = {} if self.message is None else {"message": self.message}
        return {
            "jobArn": self.arn,
            "modelId": self.parameters["modelId"],
            "status": self.status,
            "submitTime": self.submitted.isoformat().replace("+00:00", "Z"),
            "modelInvocationType": "Converse",
            **repeated,
            **failure,
            **self.counts,
        }


class EmulatedJobs:
    """The jobs of one emulator, answered in its event loop.

    Args:
        s3_url: The address of S3, or `None` where there is none.
        seconds: How long each job runs before its records are answered.
    """

    def __init__(self, s3_url: str | None = None, seconds: float = 0.0) -> None:
        self._files = None if s3_url is None else JobFiles(s3_url)
        self._seconds = seconds
        self._jobs: dict[str, _Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def answer(
        self, operation: str, parameters: Mapping[str, Any], models: _Models, region: str
    ) -> dict[str, Any]:
        """Answer a request about jobs.

        Raises:
            Refusal: It is refused.
        """
        if operation == "CreateModelInvocationJob":
            return self._create(parameters, models, region)
        job = self._find(parameters["jobIdentifier"])
        if operation == "GetModelInvocationJob":
            return job.describe()
        if job.status in _ENDED:
            msg = f"The job {job.arn} has already ended."
            raise Refusal("ConflictException", msg)
        job.status = "Stopping"
        self._tasks[job.arn].cancel()
        return {}

    async def aclose(self) -> None:
        """Stop the jobs that still run."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        if self._files is not None:
            self._files.close()

    def _find(self, identifier: str) -> _Job:
        id_ = identifier.rpartition("/")[2]
        for arn, job in self._jobs.items():
            if arn.endswith(f"/{id_}"):
                return job
        msg = f"Could not find the model invocation job {identifier}."
        raise Refusal("ResourceNotFoundException", msg)

    def _create(
        self, parameters: Mapping[str, Any], models: _Models, region: str
    ) -> dict[str, Any]:
        if self._files is None:
            msg = "The emulator has no S3, so it runs no jobs; start it with s3_url."
            raise validation(msg)
        if parameters.get("modelInvocationType", "InvokeModel") != "Converse":
            msg = "The emulator runs jobs of the modelInvocationType Converse only."
            raise validation(msg)
        if models.catalogue.find(parameters["modelId"], region) is None:
            msg = "The provided model identifier is invalid."
            raise validation(msg)
        token = parameters.get("clientRequestToken")
        for job in self._jobs.values():
            if token is not None and job.parameters.get("clientRequestToken") == token:
                return {"jobArn": job.arn}
        id_ = "".join(secrets.choice(_ALPHABET) for _ in range(12))
        account = models.catalogue.account_id
        arn = f"arn:aws:bedrock:{region}:{account}:model-invocation-job/{id_}"
        job = self._jobs[arn] = _Job(arn, parameters)
        running = self._run(job, self._files, models, region)
        self._tasks[arn] = asyncio.get_running_loop().create_task(running)
        return {"jobArn": arn}

    async def _run(self, job: _Job, files: JobFiles, models: _Models, region: str) -> None:
        """Answer the records of a job, and write its files."""
        try:
            job.status = "InProgress"
            await asyncio.sleep(self._seconds)
            source = job.parameters["inputDataConfig"]["s3InputDataConfig"]["s3Uri"]
            target = job.parameters["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"]
            inputs = await asyncio.to_thread(files.read, source)
            counts = dict.fromkeys(("total", "processed", "success", "error"), 0)
            under = f"{target.rstrip('/')}/{job.arn.rpartition('/')[2]}"
            for name, content in inputs.items():
                lines = []
                for line in content.splitlines():
                    record = await _answered(line, job.parameters["modelId"], models, region)
                    counts["total"] += 1
                    counts["processed"] += 1
                    counts["error" if "error" in record else "success"] += 1
                    lines.append(json.dumps(record))
                # The service does not keep the order of the records.
                text = "".join(f"{line}\n" for line in reversed(lines))
                await asyncio.to_thread(files.write, f"{under}/{name}.out", text.encode())
            job.counts = {f"{name}RecordCount": count for name, count in counts.items()}
            manifest = json.dumps(job.counts).encode()
            await asyncio.to_thread(files.write, f"{under}/manifest.json.out", manifest)
            job.status = "Completed"
        except asyncio.CancelledError:
            job.status = "Stopped"
            raise
        except Refusal as refusal:
            job.status, job.message = "Failed", refusal.message


async def _answered(line: bytes, model_id: str, models: _Models, region: str) -> dict[str, Any]:
    """A record of the output: that of the input, with an answer or an error."""
    record = _record(line)
    try:
        model_input = record["modelInput"]
        if "toolConfig" in model_input:
            msg = "Tool calling is not supported by batch inference of the type Converse."
            raise validation(msg)
        reply = models.converse(model_id, json.dumps(model_input).encode(), region)
        return {**record, "modelOutput": await _folded(reply)}
    except Refusal as refusal:
        error = {"errorCode": refusal.status, "errorMessage": refusal.message}
        return {**record, "error": error}


def _record(line: bytes) -> dict[str, Any]:
    try:
        data = parse_json(line)
    except ValueError:
        data = None
    if not isinstance(data, dict) or not isinstance(data.get("modelInput"), dict):
        msg = "A line of the input is not a record with a modelInput."
        raise validation(msg)
    return {"recordId": "".join(secrets.choice(_ALPHABET) for _ in range(11)), **data}


async def _folded(reply: Reply) -> Mapping[str, Any]:
    """The body of an answer that a client would get as a whole."""
    fold: Callable[..., Any] | None = getattr(reply, "fold", None)
    if not isinstance(reply, StreamReply) or fold is None:
        raise Refusal("InternalServerException")
    body: Mapping[str, Any] = fold([event async for event in reply.events])[0]
    return body
