"""A service of the Batch API in memory, for modelwire's conformance kit and for tests.

Its documents are those of openai-python 3.57, and the lines of its files those of
https://developers.openai.com/api/docs/guides/batch; both as of November 2026.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from modelwire.testing import (
    BatchOutcome,
    BatchService,
    ReceivedRequest,
    Reply,
    ScriptedAnswer,
)

__all__ = ["BatchApi"]


class BatchApi(BatchService):
    """Batches that end when a test says so.

    Args:
        write: Writes an answer as the JSON data of a whole response.

    Attributes:
        files: The contents of files, by id.
        jobs: The descriptions of jobs, by id; a test may change them.
        requests: The requests that were answered.
    """

    def __init__(self, write: Callable[[ScriptedAnswer], Mapping[str, Any]]) -> None:
        self._write = write
        self.files: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.requests: list[ReceivedRequest] = []

    def answer(self, request: ReceivedRequest) -> Reply | None:
        """Answer a request about files or batches."""
        parts = request.target.partition("?")[0].removeprefix("/v1").strip("/").split("/")
        match (request.method, *parts):
            case ("POST", "files"):
                answer = self._upload(request)
            case ("GET", "files", file_id, "content"):
                answer = self._content(file_id)
            case ("POST", "batches"):
                answer = self._create(request.data)
            case ("GET", "batches", job_id):
                answer = self._described(job_id)
            case ("POST", "batches", job_id, "cancel"):
                if job_id in self.jobs:
                    self.jobs[job_id]["status"] = "cancelling"
                answer = self._described(job_id)
            case _:
                return None
        self.requests.append(request)
        return answer

    def sent_items(self, job_id: str) -> Mapping[str, Any]:
        """The body of each line of a job's file."""
        return {line["custom_id"]: line["body"] for line in self.lines(job_id)}

    def lines(self, job_id: str) -> list[dict[str, Any]]:
        """The lines of a job's file."""
        return [
            json.loads(line) for line in self.files[self.jobs[job_id]["input_file_id"]].splitlines()
        ]

    def finish(self, job_id: str, outcomes: Mapping[str, BatchOutcome]) -> None:
        """End a job."""
        answers = {
            name: self._write(each)
            for name, each in outcomes.items()
            if isinstance(each, ScriptedAnswer)
        }
        output = [answered(name, body) for name, body in answers.items()]
        errors = [refused(name) for name, each in outcomes.items() if each == "refused"]
        errors += [expired(name) for name, each in outcomes.items() if each == "expired"]
        cancelled = "cancelled" in outcomes.values()
        self.finish_with(job_id, output, errors, status="cancelled" if cancelled else "completed")

    def finish_with(
        self, job_id: str, output: list[Any], errors: list[Any], *, status: str = "completed"
    ) -> None:
        """End a job with the lines of its two files."""
        job = self.jobs[job_id]
        job["status"] = status
        job["request_counts"] |= {"completed": len(output), "failed": len(errors)}
        for name, lines in (("output_file_id", output), ("error_file_id", errors)):
            if lines:
                text = "".join(f"{json.dumps(line)}\n" for line in lines)
                job[name] = self._keep(text.encode())

    def _keep(self, content: bytes) -> str:
        file_id = f"file-{len(self.files) + 1}"
        self.files[file_id] = content
        return file_id

    def _upload(self, request: ReceivedRequest) -> Reply:
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        form = BytesParser(policy=HTTP).parsebytes(head + request.body)
        parts: dict[str, bytes] = {}
        for part in form.walk():
            name = part.get_param("name", header="content-disposition")
            if isinstance(name, str):
                content = part.get_payload(decode=True)
                parts[name] = content if isinstance(content, bytes) else b""
        if parts.get("purpose", b"").strip() != b"batch":
            return _refusal(400, "The purpose of the file is not batch.")
        content = parts["file"]
        file_id = self._keep(content)
        return _reply({"id": file_id, "object": "file", "bytes": len(content), "purpose": "batch"})

    def _content(self, file_id: str) -> Reply:
        if file_id not in self.files:
            return _refusal(404, f"No such File object: {file_id}")
        return Reply([self.files[file_id]], headers={"content-type": "application/octet-stream"})

    def _create(self, body: Mapping[str, Any]) -> Reply:
        if body["input_file_id"] not in self.files or body["completion_window"] != "24h":
            return _refusal(400, "The batch is not valid.")
        job_id = f"batch_{len(self.jobs) + 1}"
        self.jobs[job_id] = {
            "id": job_id,
            "object": "batch",
            "created_at": 1_793_491_200,
            "status": "validating",
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
            **body,
        }
        lines = self.lines(job_id)
        wrong = [
            line for line in lines if line["url"] != body["endpoint"] or line["method"] != "POST"
        ]
        if wrong or any("stream" in line["body"] for line in lines):
            del self.jobs[job_id]
            return _refusal(400, "A line of the file is not valid.")
        return _reply(self.jobs[job_id])

    def _described(self, job_id: str) -> Reply:
        if job_id not in self.jobs:
            return _refusal(404, f"No batch found with id {job_id!r}.")
        job = self.jobs[job_id]
        return _reply(job)


def answered(custom_id: str, body: Mapping[str, Any], status: int = 200) -> dict[str, Any]:
    """A line with a response."""
    response = {"status_code": status, "request_id": "req_7", "body": body}
    return {"id": "batch_req_1", "custom_id": custom_id, "response": response, "error": None}


def refused(custom_id: str) -> dict[str, Any]:
    """A line of the error file, for a request that is not valid."""
    error = {"message": BatchService.REFUSAL, "type": "invalid_request_error", "code": None}
    return answered(custom_id, {"error": {**error, "param": None}}, 400)


def expired(custom_id: str) -> dict[str, Any]:
    """A line of the error file, for a request that was not sent in time."""
    message = "This request could not be executed before the completion window expired."
    error = {"code": "batch_expired", "message": message}
    return {"id": "batch_req_1", "custom_id": custom_id, "response": None, "error": error}


def _reply(data: Any, status: int = 200) -> Reply:
    return Reply([json.dumps(data).encode()], status, {"content-type": "application/json"})


def _refusal(status: int, message: str) -> Reply:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return _reply({"error": error}, status)
