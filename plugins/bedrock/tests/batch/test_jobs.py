"""Batch inference: jobs of the emulator, whose files are in a real S3 service on loopback."""

import asyncio
import json
import os

import boto3
import pytest
from moto.server import ThreadedMotoServer

from modelwire import Runtime
from modelwire.errors import (
    AuthenticationError,
    Cancelled,
    ConfigError,
    ConnectionFailed,
    InvalidRequest,
    ModelwireError,
    NotFound,
)
from modelwire.hookspecs import BatchItem, CompletionOptions
from modelwire.messages import Context, Image, Tool, UserMessage
from modelwire.runtime import ProviderJobs
from modelwire.transport import RetryPolicy
from modelwire_bedrock.batch.jobs import TERMS
from modelwire_bedrock.emulator import Emulator

NOVA = "us.amazon.nova-lite-v1:0"
ROLE = "arn:aws:iam::123456789012:role/batch"
BUCKET = "rows-of-a-test"
SETTINGS = {"roleArn": ROLE, "s3Uri": f"s3://{BUCKET}/jobs"}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003"
    "0101006718c8700000000049454e44ae426082"
)

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def no_aws_settings(monkeypatch, tmp_path):
    """The tests see nothing of the developer's own AWS settings."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="module")
def s3_url():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_url):
    client = boto3.client(
        "s3", endpoint_url=s3_url, region_name="us-east-1",
        aws_access_key_id="x", aws_secret_access_key="y",
    )  # fmt: skip
    client.create_bucket(Bucket=BUCKET)
    yield client
    client.close()


@pytest.fixture
def emulated(s3_url):
    with Emulator(s3_url=s3_url, require_auth=True) as emulator:
        yield emulator


@pytest.fixture
def jobs_of(s3_url, tmp_path, emulated):
    """The jobs of a model, with settings of the provider and variables."""

    async def make(model=NOVA, emulator=emulated, batch=SETTINGS, **variables):
        provider = {
            "batch": batch,
            "models": [{"id": model, "cost": {"input": 1.0, "output": 4.0}}],
        }
        environ = {
            **emulator.environ(), "AWS_ENDPOINT_URL_S3": s3_url, "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(tmp_path), **variables,
        }  # fmt: skip
        runtime = Runtime.from_config(
            {"models": {"providers": {"amazon-bedrock": provider}}},
            environ={name: value for name, value in environ.items() if value},
            cache_directory=tmp_path,
        )
        opened.append(runtime)
        once = RetryPolicy(max_attempts=1)
        return await ProviderJobs.of(runtime, f"amazon-bedrock/{model}", retries=once)

    opened = []
    yield make
    for runtime in opened:
        asyncio.run(runtime.aclose())


def item(custom_id, text="Hello?", content=None, tools=(), **options):
    context = Context([UserMessage(content or text)], tools=list(tools))
    return BatchItem(custom_id, context, CompletionOptions(**options))


async def ended(jobs, job):
    """Poll until a job has ended."""
    while not job.ended:
        await asyncio.sleep(0.01)
        job = await jobs.poll(job.id)
    return job


async def results_of(jobs, job, items=()):
    return {result.custom_id: result async for result in jobs.fetch(job.id, items)}


def content_of(bucket, key):
    return bucket.get_object(Bucket=BUCKET, Key=key)["Body"].read()


async def test_a_job_answers_like_single_requests(jobs_of, emulated, bucket):
    emulated.answer("Good day.", times=None)
    jobs = await jobs_of()
    items = [item("a", "Hello?", max_tokens=9), item("ü / 2", content=[Image(PIXEL, "image/png")])]
    job = await jobs.submit(items, key="k1")
    assert job.id.startswith("arn:aws:bedrock:us-east-1:")
    job = await ended(jobs, job)
    assert (job.state, job.total, job.succeeded, job.failed) == ("completed", 2, 2, 0)
    found = await results_of(jobs, job, items)
    assert sorted(found) == ["a", "ü / 2"]
    message = found["a"].message
    assert (message.text, message.provider, message.api) == (
        "Good day.", "amazon-bedrock", "bedrock-converse-stream",
    )  # fmt: skip
    usage = message.usage
    assert usage.cost.total == pytest.approx((usage.input * 1.0 + usage.output * 4.0) / 1e6 / 2)
    created = next(r for r in emulated.requests if r.operation == "CreateModelInvocationJob")
    assert created.parameters["modelInvocationType"] == "Converse"
    assert created.parameters["roleArn"] == ROLE
    assert created.parameters["modelId"] == NOVA


async def test_a_record_is_the_body_of_a_single_request(jobs_of, emulated, bucket):
    jobs = await jobs_of()
    await jobs.submit([item("a", "Hello?", max_tokens=9, temperature=0.5)], key="k2")
    (line,) = content_of(bucket, "jobs/k2/input/input.jsonl").splitlines()
    record = json.loads(line)
    single = await jobs._jobs._planned(
        item("a", "Hello?", max_tokens=9, temperature=0.5), jobs._jobs._target()
    )
    assert record["recordId"] == "a"
    assert record["modelInput"] == json.loads((await single.prepare()).body)
    assert record["modelInput"]["inferenceConfig"] == {"maxTokens": 9, "temperature": 0.5}


async def test_records_that_fail_are_typed_errors(jobs_of, emulated, bucket):
    jobs = await jobs_of()
    items = [
        item("a"),
        item("b", params={"additionalModelRequestFields": {"inferenceConfig": {"topK": 5000}}}),
    ]
    job = await ended(jobs, await jobs.submit(items, key="k3"))
    # A record that the service refuses, as when its request is not valid.
    name = f"jobs/k3/output/{job.id.rpartition('/')[2]}/input.jsonl.out"
    lines = [json.loads(line) for line in content_of(bucket, name).splitlines()]
    lines = [line for line in lines if line["recordId"] == "a"]
    lines.append(
        {
            "recordId": "b",
            "error": {"errorCode": 400, "errorMessage": "Input is too long for requested model."},
        }
    )
    lines.append({"recordId": "c", "error": {"errorCode": 500, "errorMessage": "Internal"}})
    lines.append({"recordId": "d"})
    text = "\n".join(json.dumps(line) for line in lines)
    bucket.put_object(Bucket=BUCKET, Key=name, Body=text.encode())
    found = await results_of(jobs, job)
    assert found["a"].message is not None
    codes = {name: result.error.code for name, result in found.items() if result.error}
    assert codes == {"b": "context_overflow", "c": "server_error", "d": "malformed_response"}


async def test_the_same_key_creates_one_job(jobs_of, emulated, bucket):
    jobs = await jobs_of()
    first = await jobs.submit([item("a")], key="k4")
    assert (await jobs.submit([item("a")], key="k4")).id == first.id


async def test_a_job_that_runs_has_no_results_and_can_be_stopped(jobs_of, s3_url, bucket):
    with Emulator(s3_url=s3_url, job_seconds=600) as slow:
        jobs = await jobs_of(emulator=slow)
        items = [item("a")]
        job = await jobs.submit(items)
        with pytest.raises(InvalidRequest, match="has not ended"):
            await results_of(jobs, job, items)
        assert (await jobs.cancel(job.id)).state in ("cancelling", "cancelled")
        job = await ended(jobs, job)
        assert job.state == "cancelled"
        assert isinstance((await results_of(jobs, job, items))["a"].error, Cancelled)


async def test_a_job_whose_input_is_missing_fails_with_the_reason(jobs_of, s3_url, bucket):
    with Emulator(s3_url=s3_url, job_seconds=0.3) as slow:
        jobs = await jobs_of(emulator=slow)
        items = [item("a")]
        job = await jobs.submit(items, key="k5")
        bucket.delete_object(Bucket=BUCKET, Key="jobs/k5/input/input.jsonl")
        job = await ended(jobs, job)
        assert job.state == "failed"
        assert "no .jsonl file" in job.message
        assert "no .jsonl file" in str((await results_of(jobs, job, items))["a"].error)


@pytest.mark.parametrize(
    ("batch", "path"),
    [
        ({}, "models.providers.amazon-bedrock.batch.roleArn"),
        ({"roleArn": ROLE}, "models.providers.amazon-bedrock.batch.s3Uri"),
        ({**SETTINGS, "roleArn": "batch"}, "models.providers.amazon-bedrock.batch.roleArn"),
        ({**SETTINGS, "s3Uri": "bucket"}, "models.providers.amazon-bedrock.batch.s3Uri"),
        ({**SETTINGS, "timeoutHours": 1}, "models.providers.amazon-bedrock.batch.timeoutHours"),
        ("s3://bucket", "models.providers.amazon-bedrock.batch"),
    ],
    ids=["nothing", "no-place", "role", "place", "hours", "text"],
)
async def test_a_setting_that_is_missing_is_named_by_its_path(jobs_of, emulated, batch, path):
    jobs = await jobs_of(batch=batch)
    with pytest.raises(ConfigError) as caught:
        await jobs.submit([item("a")])
    assert path in [problem.path for problem in caught.value.problems]
    assert emulated.requests == []


async def test_tools_are_refused_before_anything_is_written(jobs_of, emulated, bucket):
    tool = Tool("look", "Look.", {"type": "object", "properties": {}})
    jobs = await jobs_of()
    with pytest.raises(
        InvalidRequest, match="custom_id 'b': Batch jobs of Amazon Bedrock take no tools"
    ):
        await jobs.submit([item("a"), item("b", tools=[tool])], key="k6")
    assert bucket.list_objects_v2(Bucket=BUCKET, Prefix="jobs/k6/").get("Contents") is None
    assert emulated.requests == []


async def test_a_bucket_that_does_not_exist_is_named(jobs_of, bucket):
    jobs = await jobs_of(batch={**SETTINGS, "s3Uri": "s3://no-such-bucket-at-all/x"})
    with pytest.raises(ModelwireError, match="s3://no-such-bucket-at-all/x") as caught:
        await jobs.submit([item("a")], key="k7")
    assert isinstance(caught.value, NotFound | InvalidRequest)
    assert "batch.s3Uri" in caught.value.hint


async def test_an_unreachable_store_is_a_failed_connection(jobs_of):
    jobs = await jobs_of(AWS_ENDPOINT_URL_S3="http://127.0.0.1:9")
    with pytest.raises(ConnectionFailed, match="s3://rows-of-a-test"):
        await jobs.submit([item("a")])


async def test_a_bedrock_key_does_not_open_s3(jobs_of, emulated):
    token = emulated.environ(bearer=True)["AWS_BEARER_TOKEN_BEDROCK"]
    jobs = await jobs_of(
        AWS_BEARER_TOKEN_BEDROCK=token, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY=""
    )
    with pytest.raises(AuthenticationError, match="does not open S3"):
        await jobs.submit([item("a")])


async def test_a_job_that_does_not_exist_is_not_found(jobs_of, emulated):
    jobs = await jobs_of()
    with pytest.raises(NotFound):
        await jobs.poll("abcdefghijkl")


async def test_terms_are_documented_ones(jobs_of):
    assert (await jobs_of()).terms == TERMS
    assert (TERMS.price_factor, TERMS.min_items, TERMS.max_items) == (0.5, None, None)
