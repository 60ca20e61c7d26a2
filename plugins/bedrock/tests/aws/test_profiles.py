import pytest

from modelwire.transport import Transport
from modelwire_bedrock.aws.clients import Clients
from modelwire_bedrock.models.application_profiles import (
    ApplicationProfiles,
    is_application_profile,
)
from modelwire_bedrock.models.inference_profiles import (
    Inventory,
    geographies_of,
    global_only,
    profile_for,
)

SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
ARN = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123"


@pytest.mark.parametrize(
    ("region", "geographies"),
    [
        ("us-east-1", ("us",)),
        ("us-gov-west-1", ("us-gov",)),
        ("eu-central-2", ("eu",)),
        ("ap-northeast-1", ("jp", "apac")),
        ("ap-southeast-2", ("au", "apac")),
        ("ap-south-1", ("in", "apac")),
        ("ap-southeast-1", ("apac",)),
        ("ca-central-1", ("ca", "us")),
        ("ca-west-1", ("ca",)),
        ("sa-east-1", ("sa",)),
        ("cn-north-1", ()),
    ],
)
def test_a_region_belongs_to_geographies(region, geographies):
    assert geographies_of(region) == geographies


@pytest.mark.parametrize(
    ("model_id", "region", "expected"),
    [
        (SONNET, "us-east-1", f"us.{SONNET}"),
        (SONNET, "eu-west-1", f"eu.{SONNET}"),
        (SONNET, "ap-northeast-1", f"jp.{SONNET}"),
        (SONNET, "ap-southeast-2", f"au.{SONNET}"),
        (SONNET, "ap-southeast-1", None),
        ("anthropic.claude-opus-5", "ap-south-1", "in.anthropic.claude-opus-5"),
        ("anthropic.claude-opus-5-5", "ap-south-1", None),
        ("anthropic.claude-sonnet-5-5", "ap-northeast-1", "jp.anthropic.claude-sonnet-5-5"),
        ("anthropic.claude-opus-5", "ca-central-1", "us.anthropic.claude-opus-5"),
        (SONNET, "ca-central-1", f"us.{SONNET}"),
        ("anthropic.claude-opus-4-1-20250805-v1:0", "ca-central-1", None),
        ("anthropic.claude-sonnet-4-20250514-v1:0", "ca-central-1", None),
        ("meta.llama4-scout-17b-instruct-v1:0", "ca-central-1", None),
        ("openai.gpt-6-sol", "ca-central-1", None),
        (SONNET, "ca-west-1", None),
        ("amazon.nova-premier-v1:0", "eu-west-1", None),
        ("openai.gpt-6-sol", "us-west-2", "us.openai.gpt-6-sol"),
        ("openai.gpt-5.6-sol", "us-west-2", None),
        ("xai.grok-4.6", "eu-west-1", None),
        (SONNET, "us-gov-west-1", f"us-gov.{SONNET}"),
        (HAIKU, "us-east-1", None),
        (f"us.{SONNET}", "eu-west-1", None),
        (f"global.{SONNET}", "eu-west-1", None),
        (ARN, "eu-west-1", None),
        ("my-custom-model", "eu-west-1", None),
        (SONNET, "cn-north-1", None),
    ],
)
def test_a_bare_id_that_needs_a_profile_is_given_that_of_its_geography(model_id, region, expected):
    choice = profile_for(model_id, region)
    assert (choice and choice.model_id) == expected
    assert choice is None or model_id in choice.reason


@pytest.mark.parametrize(
    ("model_id", "region", "expected"),
    [
        ("xai.grok-4.6", "eu-west-1", "global.xai.grok-4.6"),
        (SONNET, "ap-southeast-1", f"global.{SONNET}"),
        (SONNET, "eu-west-1", None),
        (HAIKU, "eu-west-1", None),
        ("us.xai.grok-4.6", "eu-west-1", None),
        ("amazon.nova-premier-v1:0", "eu-west-1", None),
    ],
)
def test_a_global_profile_is_named_but_not_chosen_by_itself(model_id, region, expected):
    only = global_only(model_id, region)
    assert (only and only.model_id) == expected
    if expected is not None:
        assert profile_for(model_id, region) is None
        assert profile_for(model_id, region, allow_global=True).model_id == expected


def test_a_profile_that_aws_called_invalid_is_not_chosen_again():
    chosen = [profile_for("anthropic.claude-opus-4-6-v1", "ap-northeast-1").model_id]
    for _ in range(2):
        following = profile_for(
            "anthropic.claude-opus-4-6-v1",
            "ap-northeast-1",
            refused=True,
            invalid=frozenset(chosen),
        )
        chosen.append(following and following.model_id)
    prefixes = [each and each.split(".")[0] for each in chosen]
    assert prefixes == ["jp", "apac", None]


def test_what_the_region_offers_counts_more_than_the_table():
    offered = Inventory(frozenset({HAIKU}), frozenset({f"jp.{SONNET}", f"global.{SONNET}"}))
    choice = profile_for(SONNET, "ap-northeast-1", inventory=offered)
    assert choice.model_id == f"jp.{SONNET}"
    assert profile_for(HAIKU, "ap-northeast-1", inventory=offered) is None
    on_demand = Inventory(frozenset({SONNET}), frozenset())
    assert profile_for(SONNET, "ap-northeast-1", inventory=on_demand) is None


def test_a_region_that_lists_profiles_of_a_model_has_no_others():
    offered = Inventory(frozenset(), frozenset({f"global.{SONNET}"}))
    assert profile_for(SONNET, "ap-northeast-1", inventory=offered) is None
    assert profile_for(SONNET, "ap-northeast-1", inventory=offered, refused=True) is None
    assert global_only(SONNET, "ap-northeast-1", inventory=offered).model_id == f"global.{SONNET}"
    canada = Inventory(frozenset(), frozenset({"us.acme.new-v1:0"}))
    assert profile_for("acme.new-v1:0", "ca-central-1", inventory=canada).model_id == (
        "us.acme.new-v1:0"
    )


def test_a_refusal_of_aws_counts_more_than_either():
    assert profile_for("acme.new-v1:0", "us-east-1") is None
    assert profile_for("acme.new-v1:0", "us-east-1", refused=True).model_id == "us.acme.new-v1:0"


def test_no_profile_leaves_the_geography_unasked():
    offered = Inventory(frozenset(), frozenset({f"global.{HAIKU}"}))
    assert profile_for(HAIKU, "eu-west-1", inventory=offered) is None


@pytest.fixture
def asked(configure, serve, target_of):
    """Ask for the models behind the profile `ARN`, with a clock of the test's own."""

    class ProfileLookup:
        status, now = 200, 0.0

        def __init__(self):
            self.server = serve(self.answer)
            self.profiles = ApplicationProfiles(clock=lambda: self.now)
            self.clients = Clients()
            self.target = target_of(
                ARN,
                environ={
                    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
                    "AWS_SECRET_ACCESS_KEY": "c2VjcmV0",
                    "AWS_ENDPOINT_URL_BEDROCK": self.server.url,
                },
            )

        def answer(self, request):
            assert request.path == "/inference-profiles/" + ARN.replace(":", "%3A").replace(
                "/", "%2F"
            )
            arns = [f"arn:aws:bedrock:{r}::foundation-model/{SONNET}" for r in ("a-1", "b-1")]
            return self.status, {"models": [{"modelArn": arn} for arn in arns]}

        async def __call__(self):
            async with Transport(environ={}) as transport:
                return await self.profiles.models_of(
                    ARN, target=self.target, clients=self.clients, transport=transport
                )

    return ProfileLookup()


async def test_the_models_behind_an_application_profile_are_asked_for_once(asked):
    assert [await asked(), await asked()] == [(SONNET,), (SONNET,)]
    assert len(asked.server.seen) == 1
    assert "/eu-west-1/bedrock/" in asked.server.seen[0].headers["Authorization"]
    asked.now = 3601
    await asked()
    assert len(asked.server.seen) == 2


async def test_a_missing_permission_is_remembered_for_a_while(asked):
    asked.status = 403
    assert [await asked(), await asked()] == [(), ()]
    assert len(asked.server.seen) == 1
    asked.status, asked.now = 200, 601
    assert await asked() == (SONNET,)


async def test_any_other_failure_is_forgotten_at_once(asked):
    asked.status = 500
    assert await asked() == ()
    asked.status = 200
    assert await asked() == (SONNET,)


@pytest.mark.parametrize("model_id", [ARN, ARN.replace("aws:", "aws-us-gov:", 1)])
def test_an_application_profile_is_known_by_its_arn(model_id):
    assert is_application_profile(model_id)
    assert not is_application_profile(model_id.replace("application-", ""))
