import pytest

from modelwire.errors import ConfigError
from modelwire_bedrock.aws.regions import aws_address, region_of_arn

ARN = "arn:aws:bedrock:eu-west-3:123456789012:application-inference-profile/abc"
GOV = "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us-gov.anthropic.x"
FILES = "[default]\nregion = sa-east-1\n[profile work]\nregion = ap-south-1\n[profile bare]\n"
EAST = "https://bedrock-runtime.us-east-2.amazonaws.com"


@pytest.mark.parametrize(
    ("name", "source", "asked"),
    [
        ("eu-north-1", "params.region", {"params": {"region": "eu-north-1"}, "model_id": ARN}),
        ("eu-west-3", "model ARN", {"model_id": ARN, "provider": {"region": "us-west-2"}}),
        ("eu-west-3", "model ARN", {"model_id": ARN, "environ": {"AWS_REGION": "us-west-2"}}),
        ("us-gov-west-1", "model ARN", {"model_id": GOV, "environ": {"AWS_REGION": "us-east-1"}}),
        (
            "us-west-2",
            "models.providers.amazon-bedrock.region",
            {"provider": {"region": "us-west-2", "baseUrl": EAST}},
        ),
        (
            "us-east-2",
            "models.providers.amazon-bedrock.baseUrl",
            {"provider": {"baseUrl": EAST}, "environ": {"AWS_REGION": "us-west-2"}},
        ),
        ("us-east-2", "model baseUrl", {"base_url": EAST}),
        (
            "eu-central-1",
            "discovery.region",
            {
                "models": {"bedrockDiscovery": {"region": "eu-central-1"}},
                "environ": {"AWS_REGION": "us-west-2"},
            },
        ),
        ("us-west-2", "env: AWS_REGION", {"environ": {"AWS_REGION": " us-west-2 "}}),
        (
            "us-west-1",
            "env: AWS_DEFAULT_REGION",
            {"environ": {"AWS_REGION": "  ", "AWS_DEFAULT_REGION": "us-west-1"}},
        ),
        ("ap-south-1", "profile: work", {"environ": {"AWS_PROFILE": "work"}, "files": FILES}),
        ("ap-south-1", "profile: work", {"provider": {"profile": "work"}, "files": FILES}),
        ("ap-south-1", "profile: work", {"params": {"profile": "work"}, "files": FILES}),
        ("sa-east-1", "profile: default", {"files": FILES}),
        ("us-east-1", "default", {"environ": {"AWS_PROFILE": "bare"}, "files": FILES}),
        ("us-east-1", "default", {"environ": {"AWS_REGION": "", "AWS_DEFAULT_REGION": " "}}),
    ],
)
def test_the_region_is_the_first_that_somebody_named(target_of, name, source, asked):
    target = target_of(**asked)
    assert (target.region, target.region_source) == (name, source)


def test_the_plugins_own_entry_wins_over_the_older_home_of_the_discovery_region(target_of):
    target = target_of(
        models={"bedrockDiscovery": {"region": "eu-west-1"}},
        plugins={"entries": {"amazon-bedrock": {"config": {"discovery": {"region": "eu-west-2"}}}}},
    )
    assert target.region == "eu-west-2"


def test_a_region_that_could_not_be_part_of_a_host_name_is_refused(target_of):
    with pytest.raises(ConfigError, match="env: AWS_REGION"):
        target_of(environ={"AWS_REGION": "us-east-1.evil.example/"})


@pytest.mark.parametrize(
    ("url", "region", "fips", "dual_stack", "private"),
    [
        ("https://bedrock-runtime.us-east-1.amazonaws.com", "us-east-1", False, False, False),
        ("https://bedrock-runtime.us-east-1.amazonaws.com/", "us-east-1", False, False, False),
        ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1", True, False, False),
        ("https://bedrock-runtime.cn-north-1.amazonaws.com.cn", "cn-north-1", False, False, False),
        ("https://bedrock-runtime.eu-west-1.api.aws", "eu-west-1", False, True, False),
        (
            "https://vpce-0a-1b.bedrock-runtime.us-east-1.vpce.amazonaws.com",
            "us-east-1", False, False, True,
        ),
    ],
)  # fmt: skip
def test_an_address_of_aws_tells_its_region(url, region, fips, dual_stack, private):
    address = aws_address(url)
    found = (address.region, address.fips, address.dual_stack, address.private)
    assert found == (region, fips, dual_stack, private)


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "http://127.0.0.1:9000",
        "https://bedrock-runtime.us-east-1.amazonaws.com.evil.example",
        "https://bedrock-runtime.us-east-1.amazonaws.com:8443",
        "https://bedrock-runtime.us-east-1.amazonaws.com/proxy",
        "http://bedrock-runtime.us-east-1.amazonaws.com",
        "https://[broken",
    ],
)
def test_any_other_address_tells_nothing(url):
    assert aws_address(url) is None


@pytest.mark.parametrize("model_id", ["anthropic.claude-3", "us.anthropic.x", "arn:aws:s3:::x"])
def test_only_an_arn_of_bedrock_has_a_region(model_id):
    assert region_of_arn(model_id) is None
