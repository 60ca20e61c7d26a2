"""A plugin that runs batch jobs well, and mistakes in it, each with the rule that it breaks."""

from mistakes import Mistake

JOBS = '''

from modelwire.authoring import (
    JsonEvent,
    StreamEnd,
    encode_json,
    error_in_stream,
    fetch_json,
    fetch_lines,
    item_cancelled,
    item_expired,
    post_json,
    whole_answer,
    write_items,
)
from modelwire.errors import InvalidRequest, ModelwireError
from modelwire.hookspecs import BatchJob, BatchResult, BatchTerms

from {module}.client import _api


class Jobs:
    """The jobs of one model."""

    terms = BatchTerms(max_items=1000)

    def __init__(self, model, provider, config, transport):
        self.model, self.transport = model, transport
        self.account = account_of(provider, config, model)

    def url(self, *parts):
        return "/".join([self.account.base_url, "batches", *parts])

    async def submit_batch(self, items, key):
        def write(item):
            body = build_request(self.model, item.context, item.options)
            return encode_json({{"id": item.custom_id, "body": body}})

        lines = await write_items(items, write, model=self.model, terms=self.terms)
        body = b'{{"items":[' + b",".join(lines) + b"]}}"
        answer = await post_json(_api(self.account), self.url(), body, transport=self.transport)
        return self.job(answer)

    async def poll_batch(self, job_id):
        url = self.url(job_id)
        return self.job(await fetch_json(_api(self.account), url, transport=self.transport))

    async def cancel_batch(self, job_id):
        url = self.url(job_id, "cancel")
        return self.job(await post_json(_api(self.account), url, {{}}, transport=self.transport))

    async def fetch_batch(self, job_id, items):
        if not (await self.poll_batch(job_id)).ended:
            raise InvalidRequest("It still runs.", provider=self.model.provider, model=self.model.id)
        url = self.url(job_id, "results")
        async for line in fetch_lines(_api(self.account), url, transport=self.transport):
            yield self.result(line["id"], line)

    def job(self, answer):
        return BatchJob(answer["id"], answer["state"])

    def result(self, name, line):
        try:
            return BatchResult(name, self.message(line))
        except ModelwireError as error:
            return BatchResult(name, error=error)

    def message(self, line):
        if line.get("lost") == "expired":
            raise item_expired(self.model)
        if line.get("lost") == "cancelled":
            raise item_cancelled()
        if "error" in line:
            where = {{"provider": self.model.provider, "model": self.model.id}}
            raise error_in_stream(line["error"], **where)
        events = [*(JsonEvent("message", each) for each in line["events"]), StreamEnd()]
        return whole_answer(self.model, events, Translator())
'''
"""What is appended to `chat/completion.py`."""

HOOK = '''

@hookimpl
def batch_jobs(model, provider, config, transport):
    """The jobs of a model."""
    from {module}.chat.completion import Jobs

    return Jobs(model, provider, config, transport)
'''

SERVICE = '''
    def batch_service(self):
        """A service without jobs."""
        return AcmeBatches(self)

    def models('''
"""The replacement for the start of the wire's method `models`: a method before it."""

SERVICE_CLASS = '''

class AcmeBatches(BatchService):
    """Jobs in memory."""

    def __init__(self, wire):
        self.wire, self.jobs, self.states, self.results = wire, {}, {}, {}

    def answer(self, request):
        parts = request.target.partition("/batches")[2].strip("/").split("/")
        if "/batches" not in request.target:
            return None
        job_id = parts[0] or f"job-{len(self.jobs)}"
        if not parts[0]:
            self.jobs[job_id], self.states[job_id] = request.data["items"], "running"
        if parts[1:] == ["cancel"]:
            self.states[job_id] = "cancelling"
        if parts[1:] == ["results"]:
            lines = [json.dumps(line) for line in self.results[job_id]]
            return Reply(["".join(f"{line}\\n" for line in lines).encode()])
        answer = {"id": job_id, "state": self.states[job_id]}
        return Reply([json.dumps(answer).encode()], headers={"content-type": "application/json"})

    def sent_items(self, job_id):
        return {each["id"]: each["body"] for each in self.jobs[job_id]}

    def finish(self, job_id, outcomes):
        self.states[job_id] = "completed"
        self.results[job_id] = [self.line(*each) for each in outcomes.items()]

    def line(self, name, outcome):
        if isinstance(outcome, ScriptedAnswer):
            return {"id": name, "events": list(self.wire.events(outcome))}
        if outcome == "refused":
            error = {"type": "invalid_request_error", "message": self.REFUSAL}
            return {"id": name, "error": error}
        return {"id": name, "lost": outcome}


Test'''
"""The replacement for the start of the suite's name: a class before it."""

FIRST = "            body = build_request(self.model, item.context, item.options)"
POST = "        answer = await post_json(_api(self.account), self.url(), body"
RESULT = 'self.result(line["id"], line)'
RUNS = "        if not (await self.poll_batch(job_id)).ended:"

BATCH_JOB_MISTAKES = [
    Mistake(
        "options-of-the-first", "", FIRST, FIRST.replace("item.options", "items[0].options"),
        "test_each_item_of_a_job_is_sent_under_its_id",
    ),
    Mistake(
        "text-of-the-first", "", FIRST, FIRST.replace("item.context", "items[0].context"),
        "test_each_item_of_a_job_is_sent_under_its_id",
    ),
    Mistake(
        "by-position", "", RESULT, "self.result(sorted(items or {line['id']: 0})[at], line)\n            at += 1",
        "test_each_outcome_is_that_of_its_item",
    ),
    Mistake(
        "untyped-item", "", 'if "error" in line:', 'if "error" in line:\n            from modelwire.errors import ServerError\n'
        '            raise ServerError(str(line))\n        if "error" in line:',
        "test_each_outcome_is_that_of_its_item",
    ),
    Mistake(
        "expired-is-an-answer", "", 'if line.get("lost") == "expired":', "if False:",
        "test_each_outcome_is_that_of_its_item",
    ),
    Mistake(
        "early", "", RUNS, "        if not (await self.poll_batch(job_id)).ended:\n            return\n" + RUNS,
        "test_a_job_that_runs_has_no_results",
    ),
    Mistake(
        "never-cancelled", "", "        url = self.url(job_id, \"cancel\")", "        return await self.poll_batch(job_id)\n        url = 0",
        "test_a_job_can_be_cancelled",
    ),
    Mistake(
        "untyped-refusal", "", POST,
        "        from modelwire.errors import ProviderError, ServerError\n"
        "        async def post_json(*a, **k):\n"
        "            from modelwire.authoring import post_json\n"
        "            try:\n                return await post_json(*a, **k)\n"
        "            except ProviderError as e:\n                raise ServerError(str(e)) from e\n" + POST,
        "test_a_refusal_of_a_job_is_its_typed_error[429]",
    ),
    Mistake(
        "submits-again", "", POST,
        "        from modelwire.transport import RetryPolicy, retrying_call\n"
        "        from modelwire.authoring import post_json as post\n"
        "        async def post_json(*a, **k):\n"
        "            quick = RetryPolicy(base=0.0)\n"
        "            return await retrying_call(lambda: post(*a, **k), quick, model='x')\n" + POST,
        "test_a_refusal_of_a_job_is_its_typed_error[500]",
    ),
    Mistake(
        "sleeps-on-jobs", "", RUNS, "        import time\n        time.sleep(0.01)\n" + RUNS,
        "test_nothing_in_the_loop_blocks_while_a_job_is_submitted_and_fetched",
    ),
    Mistake(
        "cold-jobs", "", POST, "        import modelwire.hookspecs.setup\n" + POST,
        "test_a_first_call_imports_nothing_on_the_event_loop[batch_jobs]",
    ),
]  # fmt: skip
