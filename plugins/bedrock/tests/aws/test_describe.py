"""What is told about a call before it is made, against the request that would be sent."""

import asyncio
from urllib.parse import unquote, urlsplit

import pytest

from modelwire import Runtime
from modelwire.errors import ConfigError

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "c2VjcmV0"}
CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = f"arn:aws:bedrock:eu-west-3:123456789012:inference-profile/eu.{CLAUDE}"
APPLICATION = "arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/a1b2c3"


@pytest.fixture
def describe(tmp_path):
    async def run(model_id, environ=None, **provider):
        files = {
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        }
        document = {"models": {"providers": {"amazon-bedrock": provider}}}
        async with Runtime.from_config(
            document, environ={**KEYS, **files, **(environ or {})}, cache_directory=tmp_path
        ) as runtime:
            ref = f"amazon-bedrock/{model_id}"
            found = await runtime.resolve(ref)
            told = await asyncio.to_thread(runtime.describe_call, found)
            url = urlsplit((await runtime.dry_run("Hi", model=ref)).request.url)
        return told, url

    return run


@pytest.mark.parametrize(
    ("model_id", "environ", "called", "region", "source", "base"),
    [
        (
            "amazon.nova-lite-v1:0",
            {"AWS_REGION": "us-west-2"},
            None,
            "us-west-2",
            "env: AWS_REGION",
            None,
        ),
        (
            CLAUDE,
            {"AWS_REGION": "eu-west-1"},
            f"eu.{CLAUDE}",
            "eu-west-1",
            "env: AWS_REGION",
            CLAUDE,
        ),
        (f"us.{CLAUDE}", {}, None, "us-east-1", "default", CLAUDE),
        (ARN, {"AWS_REGION": "us-east-1"}, None, "eu-west-3", "model ARN", CLAUDE),
    ],
)
async def test_the_region_and_the_id_are_those_of_the_request(
    describe, model_id, environ, called, region, source, base
):
    told, url = await describe(model_id, environ)
    assert (told["region"], told["regionSource"]) == (region, source)
    assert told["endpoint"] == f"the endpoint of {region}"
    assert url.hostname == f"bedrock-runtime.{region}.amazonaws.com"
    assert told.get("calledAs") == called
    assert f"/{called or model_id}/" in unquote(url.path)
    assert told.get("baseModel") == base


async def test_an_endpoint_of_ones_own_is_reported_without_what_may_be_secret(describe):
    told, url = await describe("amazon.nova-lite-v1:0", baseUrl="http://127.0.0.1:9/proxy?key=s3")
    assert told["endpoint"] == "http://127.0.0.1:9/proxy"
    assert url.netloc == "127.0.0.1:9"


async def test_a_kind_of_endpoint_is_reported(describe):
    fips = "https://bedrock-runtime-fips.us-west-2.amazonaws.com"
    told, url = await describe("amazon.nova-lite-v1:0", baseUrl=fips)
    assert told["endpoint"] == "the FIPS 140 endpoint of us-west-2"
    assert url.hostname == "bedrock-runtime-fips.us-west-2.amazonaws.com"


async def test_only_aws_knows_the_model_behind_an_application_profile(describe):
    told, _ = await describe(APPLICATION)
    assert (told["baseModel"], told["region"]) == ("unknown", "us-west-2")


async def test_parameters_of_the_model_count(describe):
    models = [{"id": "amazon.nova-lite-v1:0", "params": {"region": "ap-south-1"}}]
    told, url = await describe("amazon.nova-lite-v1:0", models=models)
    assert (told["region"], told["regionSource"]) == ("ap-south-1", "params.region")
    assert url.hostname == "bedrock-runtime.ap-south-1.amazonaws.com"


async def test_a_region_that_is_none_is_refused(describe):
    with pytest.raises(ConfigError, match="AWS region is not valid"):
        await describe("amazon.nova-lite-v1:0", {"AWS_REGION": "here/there"})


async def test_files_in_the_home_of_an_unknown_user_do_not_exist(describe):
    """As for boto3."""
    files = {
        "AWS_CONFIG_FILE": "~nobody-of-that-name/config",
        "AWS_SHARED_CREDENTIALS_FILE": "~nobody-of-that-name/credentials",
    }
    told, _ = await describe("amazon.nova-lite-v1:0", {"AWS_REGION": "us-west-2", **files})
    assert told["region"] == "us-west-2"
