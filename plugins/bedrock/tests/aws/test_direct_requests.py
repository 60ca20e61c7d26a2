"""Requests that are written without a client are those that a client of boto3 makes.

All but the `User-Agent`, which names the program that wrote them.
"""

import gzip
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import botocore
import pytest
from attrs import evolve
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import create_loader
from burst_reader import answering
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.config import Config, ProviderConfig
from modelwire_bedrock.aws import direct_requests, service_data
from modelwire_bedrock.aws.clients import Clients
from modelwire_bedrock.aws.direct_requests import direct_template
from modelwire_bedrock.aws.endpoints import resolve_target
from modelwire_bedrock.aws.runtime_requests import prepare_for_runtime
from modelwire_bedrock.aws.signing import sign

MODEL = "us.amazon.nova-micro-v1:0"
ARN = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc/d~e é"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPx"}
CHANGING = {"date", "authorization", "x-amz-date", "amz-sdk-invocation-id", "user-agent"}
DATA = Path(botocore.__file__).parent / "data"
REGIONS = sorted(service_data.endpoints().suffixes)
OPERATIONS = ("converse", "converse_stream")
CLIENTS = Clients()


def a_target(region="eu-west-1", base_url=None, **environ):
    provider = ProviderConfig(id="amazon-bedrock", base_url=base_url)
    config = Config.empty({"HOME": "/none", "AWS_REGION": region, **environ})
    return resolve_target(None, None, provider, config)


def params(model=MODEL, text="hello"):
    return {"modelId": model, "messages": [{"role": "user", "content": [{"text": text}]}]}


async def by_a_client(target, operation, given):
    client = await CLIENTS.get("bedrock-runtime", target)
    return sign(client, operation, given, target)


async def assert_same(target, operation, given):
    """The template of a target takes a client's request for one of its own; body and signature, too."""
    request = await by_a_client(target, operation, given)
    template = direct_template(target, operation, given["modelId"])
    keys = None
    if template.signature is not None:
        keys = (await CLIENTS.credentials(target)).get_frozen_credentials()
    headers = {**request.headers, "User-Agent": template.headers["User-Agent"]}
    assert template.holds_for(evolve(request, headers=headers))
    assert template._makes(evolve(request, headers=headers), given, keys)
    filled = template.fill(given, keys)
    assert (filled.method, filled.url) == (request.method, request.url)
    assert json.loads(filled.body) == json.loads(request.body)
    assert list(filled.headers) == list(request.headers)
    assert filled.public_headers == request.public_headers


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("model", [MODEL, ARN, "a/b:c%20 d", "x"])
@pytest.mark.parametrize(
    "environ",
    [
        KEYS,
        {**KEYS, "AWS_SESSION_TOKEN": "a/token=="},
        {"AWS_BEARER_TOKEN_BEDROCK": "a-token"},
        {"AWS_BEDROCK_SKIP_AUTH": "1"},
        {**KEYS, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:9"},
        {**KEYS, "AWS_ENDPOINT_URL": "https://gateway.example:8443/bed_rock/v-1/"},
        {**KEYS, "AWS_ENDPOINT_URL": "https://gateway.example/"},
        {"AWS_BEARER_TOKEN_BEDROCK": "a-token", "AWS_ENDPOINT_URL": "http://localhost:9/x"},
    ],
    ids="+".join,
)
async def test_a_direct_request_is_that_of_a_client(operation, model, environ):
    await assert_same(a_target(**environ), operation, params(model))


def test_each_region_has_the_endpoint_that_botocore_gives_it():
    loader = create_loader()
    rules = loader.load_service_model("bedrock-runtime", "endpoint-rule-set-1")
    botocores = EndpointProvider(rules, loader.load_data("partitions"))
    for region in REGIONS:
        found = botocores.resolve_endpoint(Region=region, UseDualStack=False, UseFIPS=False)
        assert service_data.endpoints().url(region) == found.url


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


@settings(deadline=None, max_examples=60)
@given(
    region=st.sampled_from(["us-east-1", "cn-north-1"]),
    model=TEXT,
    text=TEXT,
    operation=st.sampled_from(OPERATIONS),
    token=st.none() | st.just("a/token+of=="),
)
async def test_whatever_is_asked_a_direct_request_is_that_of_a_client(
    region, model, text, operation, token
):
    environ = KEYS | ({"AWS_SESSION_TOKEN": token} if token else {})
    await assert_same(a_target(region, **environ), operation, params(model, text))


@pytest.mark.parametrize(
    "environ",
    [
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_SDK_UA_APP_ID": "mine"},
        {"AWS_DATA_PATH": "/data"},
        {"AWS_NEW_SETTING": "1"},
        {"AWS_REGION": "eu-nowhere-9"},
        {"AWS_REGION": "fips-us-east-1"},
        {"AWS_REGION": "aws-global"},
        {"AWS_ENDPOINT_URL": "https://user:secret@gateway.example"},
        {"AWS_ENDPOINT_URL": "https://gateway.example/a//b"},
        {"AWS_ENDPOINT_URL": "https://gateway.example/?a=b"},
        {"AWS_ENDPOINT_URL": "https://[::1]:9"},
        {"AWS_ENDPOINT_URL": "http://gateway.example", "AWS_BEARER_TOKEN_BEDROCK": "token"},
    ],
    ids="+".join,
)
def test_other_settings_are_left_to_botocore(environ):
    assert direct_template(a_target(**{**KEYS, **environ}), "converse", MODEL) is None


@pytest.mark.parametrize(
    ("line", "is_direct"),
    [
        ("output = json", True),
        ("sso_start_url = https://example.com", True),
        ("use_fips_endpoint = true", False),
        ("use_dualstack_endpoint = true", False),
        ("sdk_ua_app_id = mine", False),
        ("parameter_validation = false", False),
        ("a_new_setting = 1", False),
    ],
)
@pytest.mark.parametrize("profile", ["default", "other"])
def test_settings_of_the_profile_decide_too(tmp_path, line, is_direct, profile):
    title = "default" if profile == "default" else f"profile {profile}"
    (tmp_path / "config").write_text(f"[{title}]\n{line}\n")
    environ = {**KEYS, "AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": profile}
    found = direct_template(a_target(**environ), "converse", MODEL)
    assert (found is not None) == is_direct


def test_lambda_and_a_user_with_service_descriptions_are_left_to_botocore(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert direct_template(a_target(**KEYS, AWS_PROFILE="a"), "converse", MODEL) is not None
    (tmp_path / ".aws/models").mkdir(parents=True)
    assert direct_template(a_target(**KEYS, AWS_PROFILE="b"), "converse", MODEL) is None
    (tmp_path / ".aws/models").rmdir()
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    assert direct_template(a_target(**KEYS, AWS_PROFILE="c"), "converse", MODEL) is None


def test_a_process_without_a_home_writes_its_requests_directly(monkeypatch):
    """As in a container, with a user that has no entry."""
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    assert direct_template(a_target(**KEYS, AWS_PROFILE="d"), "converse", MODEL) is not None


@pytest.fixture
def later(tmp_path, monkeypatch):
    """Changes the description that a later botocore has of the service."""
    shutil.copytree(DATA / "bedrock-runtime", tmp_path / "bedrock-runtime")
    shutil.copy(DATA / "partitions.json", tmp_path)
    monkeypatch.setattr(service_data, "_data", lambda: tmp_path)
    caches = (service_data.endpoints, direct_requests._operation_template, direct_requests._address)
    for cached in caches:
        cached.cache_clear()

    def change(name, by):
        (path,) = (tmp_path / "bedrock-runtime").glob(f"*/{name}.json.gz")
        data = json.loads(gzip.decompress(path.read_bytes()))
        by(data)
        path.write_bytes(gzip.compress(json.dumps(data).encode()))

    yield change
    for cached in caches:
        cached.cache_clear()


CHANGES = {
    "a trait of the operation": lambda m: m["operations"]["Converse"].update(httpChecksum={}),
    "a trait of HTTP": lambda m: m["operations"]["Converse"]["http"].update(new=1),
    "a trait of the service": lambda m: m["metadata"].update(new=1),
    "another protocol": lambda m: m["metadata"].update(protocols=["smithy-rpc-v2-cbor"]),
    "another signature": lambda m: m["metadata"].update(signatureVersion="v4a"),
    "another scheme": lambda m: m["metadata"].update(auth=["aws.auth#sigv4a"]),
    "a header": lambda m: m["shapes"]["ConverseRequest"]["members"]["messages"].update(
        location="header"
    ),
    "a token": lambda m: m["shapes"]["ConverseRequest"]["members"]["messages"].update(
        idempotencyToken=True
    ),
    "no operation": lambda m: m["operations"].pop("Converse"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_description_that_says_more_is_left_to_botocore(later, change):
    later("service-2", lambda _: None)
    assert direct_template(a_target(**KEYS), "converse", MODEL) is not None
    direct_requests._operation_template.cache_clear()
    later("service-2", change)
    assert direct_template(a_target(**KEYS), "converse", MODEL) is None


RULES = {
    "another parameter": lambda r: r["parameters"].update(AccountId={}),
    "another address": lambda r: r.update(
        json.loads(re.sub("bedrock-runtime.{Region}", "{Region}.bedrock", json.dumps(r)))
    ),
    "one more endpoint": lambda r: r["rules"].append({"endpoint": {"url": "https://new"}}),
    "a header": lambda r: r["rules"].append(
        {"endpoint": {"url": {"ref": "Endpoint"}, "headers": {"a": ["b"]}}}
    ),
}


@pytest.mark.parametrize("change", RULES.values(), ids=RULES)
def test_rules_of_endpoints_that_say_more_are_left_to_botocore(later, change):
    later("endpoint-rule-set-1", change)
    assert direct_template(a_target(**KEYS), "converse", MODEL) is None


async def test_arguments_that_are_refused_and_fields_of_the_caller_go_to_a_client():
    target = a_target(**KEYS)
    with pytest.raises(Exception, match="Unknown parameter in input"):
        await prepare_for_runtime(CLIENTS, "converse", {**params(), "unknown": 1}, target)
    with pytest.raises(Exception, match="Invalid type for parameter modelId"):
        await prepare_for_runtime(CLIENTS, "converse", {**params(), "modelId": 1}, target)
    request = await prepare_for_runtime(CLIENTS, "converse", params(), target, {"X-Mine": "a"})
    assert request.headers["X-Mine"] == "a"
    assert "x-mine" in request.headers["Authorization"]


STREAM = f"""
import asyncio, sys
from modelwire import Runtime
async def main():
    async with Runtime.from_config({{}}) as runtime:
        async for event in runtime.stream("Hello", model="amazon-bedrock/{MODEL}"):
            pass
asyncio.run(main())
print(*(name for name in ("boto3", "botocore") if name in sys.modules))
"""


def test_a_stream_with_keys_imports_no_botocore(tmp_path):
    with answering(2) as url:
        environ = {**KEYS, "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": url}
        environ |= {"HOME": str(tmp_path), "MODELWIRE_CACHE_DIR": str(tmp_path)}
        command = [sys.executable, "-c", STREAM]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
