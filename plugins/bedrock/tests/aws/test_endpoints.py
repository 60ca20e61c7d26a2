import asyncio

import pytest

from modelwire.errors import ConfigError
from modelwire_bedrock.aws.clients import Clients
from modelwire_bedrock.aws.endpoints import resolve_target

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "c2VjcmV0"}
SERVICES = """
[profile work]
region = eu-west-1
services = local
[services local]
bedrock_runtime =
  endpoint_url = http://127.0.0.1:7001
bedrock =
  endpoint_url = http://127.0.0.1:7002
"""


def urls(target):
    async def both():
        clients = Clients()
        runtime = await clients.get("bedrock-runtime", target)
        control = await clients.get("bedrock", target)
        return runtime.meta.endpoint_url, control.meta.endpoint_url

    return asyncio.run(both())


@pytest.mark.parametrize(
    ("asked", "runtime", "control"),
    [
        (
            {"environ": {"AWS_REGION": "eu-west-1"}},
            "https://bedrock-runtime.eu-west-1.amazonaws.com",
            "https://bedrock.eu-west-1.amazonaws.com",
        ),
        (  # an address of AWS only names a region, which the ARN's own outranks
            {
                "model_id": "arn:aws:bedrock:eu-west-3:1:inference-profile/eu.x.y",
                "provider": {"baseUrl": "https://bedrock-runtime.us-east-1.amazonaws.com"},
            },
            "https://bedrock-runtime.eu-west-3.amazonaws.com",
            "https://bedrock.eu-west-3.amazonaws.com",
        ),
        (
            {"provider": {"baseUrl": "https://bedrock-runtime-fips.us-west-2.amazonaws.com"}},
            "https://bedrock-runtime-fips.us-west-2.amazonaws.com",
            "https://bedrock-fips.us-west-2.amazonaws.com",
        ),
        (
            {"environ": {"AWS_REGION": "us-gov-west-1", "AWS_USE_FIPS_ENDPOINT": "true"}},
            "https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com",
            "https://bedrock-fips.us-gov-west-1.amazonaws.com",
        ),
        (
            {"provider": {"baseUrl": "https://bedrock-runtime.us-west-2.api.aws"}},
            "https://bedrock-runtime.us-west-2.api.aws",
            "https://bedrock.us-west-2.api.aws",
        ),
        (
            {"environ": {"AWS_REGION": "cn-north-1"}},
            "https://bedrock-runtime.cn-north-1.amazonaws.com.cn",
            "https://bedrock.cn-north-1.amazonaws.com.cn",
        ),
        (  # a VPC endpoint serves the runtime only
            {"base_url": "https://vpce-1.bedrock-runtime.us-west-2.vpce.amazonaws.com"},
            "https://vpce-1.bedrock-runtime.us-west-2.vpce.amazonaws.com",
            "https://bedrock.us-west-2.amazonaws.com",
        ),
        (  # a proxy or an emulator stands for all of Bedrock
            {"provider": {"baseUrl": "https://proxy.example/bedrock"}},
            "https://proxy.example/bedrock",
            "https://proxy.example/bedrock",
        ),
        (
            {
                "environ": {
                    "AWS_ENDPOINT_URL": "http://127.0.0.1:7000",
                    "AWS_ENDPOINT_URL_BEDROCK": "http://127.0.0.1:7003",
                }
            },
            "http://127.0.0.1:7000",
            "http://127.0.0.1:7003",
        ),
        (
            {
                "provider": {"baseUrl": "https://proxy.example"},
                "environ": {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:7000"},
            },
            "https://proxy.example",
            "https://proxy.example",
        ),
        (
            {"environ": {"AWS_PROFILE": "work"}, "files": SERVICES},
            "http://127.0.0.1:7001",
            "http://127.0.0.1:7002",
        ),
        (
            {
                "environ": {"AWS_PROFILE": "work", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
                "files": SERVICES,
            },
            "https://bedrock-runtime.eu-west-1.amazonaws.com",
            "https://bedrock.eu-west-1.amazonaws.com",
        ),
    ],
)
def test_boto3_builds_the_endpoint(target_of, asked, runtime, control):
    asked = {**asked, "environ": {**KEYS, **asked.get("environ", {})}}
    assert urls(target_of(**asked)) == (runtime, control)


def test_endpoints_of_the_process_do_not_leak_into_a_configuration_without_them(
    target_of, monkeypatch
):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    runtime, _ = urls(target_of(environ={**KEYS, "AWS_REGION": "us-west-2"}))
    assert runtime == "https://bedrock-runtime.us-west-2.amazonaws.com"


def test_an_endpoint_that_is_no_url_is_a_configuration_error(target_of):
    with pytest.raises(ConfigError, match="endpoint"):
        urls(target_of(environ=KEYS, base_url="not a url"))


def test_targets_are_equal_until_a_file_changes(configure):
    config = configure(KEYS, files="[default]\nregion = eu-west-1\n")
    provider = config.provider("amazon-bedrock")
    first, same = (resolve_target(None, None, provider, config) for _ in range(2))
    assert first == same
    configure(KEYS, files="[default]\nregion = eu-west-1\noutput = json\n")
    assert resolve_target(None, None, provider, config) != first


def test_a_target_shows_no_secret(target_of):
    environ = {**KEYS, "AWS_SESSION_TOKEN": "dG9rZW4"}
    shown = repr(target_of(environ=environ)) + repr(
        target_of(environ={"AWS_BEARER_TOKEN_BEDROCK": "YmVhcmVy"})
    )
    assert not {"c2VjcmV0", "dG9rZW4", "YmVhcmVy", "AKIDEXAMPLE"} & set(shown.split("'"))
    assert "c2VjcmV0" not in shown
    assert "YmVhcmVy" not in shown


def test_the_bundle_of_certificates_is_the_variables_or_the_profiles(target_of):
    assert target_of(environ={"AWS_CA_BUNDLE": "/a.pem"}).ca_bundle == "/a.pem"
    assert target_of(files="[default]\nca_bundle = /b.pem\n").ca_bundle == "/b.pem"
    assert target_of().ca_bundle is None
