"""Discovery against a server that answers like Bedrock's control plane, by boto3's own requests."""

import asyncio
import threading
from urllib.parse import parse_qs, urlsplit

import pytest

from modelwire.catalog import Catalog
from modelwire.errors import (
    AccessDenied,
    AuthenticationError,
    ConfigError,
    InvalidRequest,
    ServerError,
)
from modelwire.hookspecs import DiscoverySettings
from modelwire.messages import Context, File, Text, UserMessage
from modelwire.registry import Registry
from modelwire.runtime.prompts import check_abilities
from modelwire.transport import Transport
from modelwire_bedrock.aws.clients import Clients
from modelwire_bedrock.discovery.region_models import discover
from modelwire_bedrock.models.inference_profiles import inventory_of

PAIR = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "c2VjcmV0",
    "AWS_REGION": "us-west-2",
}
SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
ARN = "arn:aws:bedrock:us-west-2::foundation-model/"
OWN = "arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/us.abc"
DENIED = {"message": "User is not authorized to perform: bedrock:List"}


def foundation(model_id, **changes):
    return {
        "modelArn": ARN + model_id,
        "modelId": model_id,
        "modelName": model_id.partition(".")[2],
        "providerName": model_id.partition(".")[0].title(),
        "inputModalities": ["TEXT", "IMAGE"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": True,
        "inferenceTypesSupported": ["ON_DEMAND"],
        "modelLifecycle": {"status": "ACTIVE"},
        **changes,
    }


def profile(profile_id, base, **changes):
    return {
        "inferenceProfileId": profile_id,
        "inferenceProfileArn": f"arn:aws:bedrock:us-west-2:1:inference-profile/{profile_id}",
        "inferenceProfileName": f"Profile {profile_id}",
        "models": [{"modelArn": ARN + base}],
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
        **changes,
    }


class ControlPlane:
    """What the server lists; a status stands for a refusal."""

    def __init__(self):
        self.models = [
            foundation(HAIKU),
            foundation(SONNET, inferenceTypesSupported=["INFERENCE_PROFILE"]),
        ]
        self.profiles = [
            profile(f"us.{SONNET}", SONNET),
            profile(f"global.{SONNET}", SONNET),
        ]
        self.applications = []
        self.page = 100

    def __call__(self, request):
        assert request.method == "GET"
        url = urlsplit(request.path)
        if url.path == "/foundation-models":
            return self._answer(self.models, lambda: (200, {"modelSummaries": self.models}))
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        own = query.get("type") == "APPLICATION" or query.get("typeEquals") == "APPLICATION"
        listed = self.applications if own else self.profiles
        return self._answer(listed, lambda: self._page(listed, int(query.get("nextToken", 0))))

    def _answer(self, listed, answer):
        return (listed, DENIED) if isinstance(listed, int) else answer()

    def _page(self, listed, start):
        end = start + self.page
        page = {"inferenceProfileSummaries": listed[start:end]}
        return 200, page | ({"nextToken": str(end)} if end < len(listed) else {})


@pytest.fixture
def plane():
    return ControlPlane()


@pytest.fixture
def found(configure, serve, plane):
    """Discover from the server."""
    server = serve(plane)

    async def run(settings=None, environ=None, **document):
        own = {**PAIR, "AWS_ENDPOINT_URL_BEDROCK": server.url, **(environ or {})}
        config = configure(own, **document)
        async with Transport(environ=config.environ) as transport:
            return await discover(
                config.provider("amazon-bedrock"),
                DiscoverySettings(values=settings or {}),
                config,
                transport,
                clients=Clients(),
            )

    run.server = server
    run.url = server.url
    return run


def ids(models):
    return [model.id for model in models]


async def test_models_stand_under_ids_that_can_be_called_global_ones_first(found):
    assert ids(await found()) == [f"global.{SONNET}", HAIKU, f"us.{SONNET}"]
    assert all("Credential=AKIDEXAMPLE/" in r.headers["Authorization"] for r in found.server.seen)


@pytest.mark.parametrize(
    "changes",
    [
        {"modelLifecycle": {"status": "LEGACY"}},
        {"modelLifecycle": {}},
        {"responseStreamingSupported": False},
        {"outputModalities": ["EMBEDDING"]},
        {"outputModalities": ["IMAGE"]},
        {"modelId": "  "},
        {"modelId": "anthropic.claude-mythos-preview"},
        {"inferenceTypesSupported": ["PROVISIONED"]},
    ],
)
async def test_what_is_not_for_a_conversation_is_left_out(found, plane, changes):
    plane.models, plane.profiles = [foundation(HAIKU, **changes)], []
    assert list(await found()) == []


async def test_modalities_are_mapped_in_any_case(found, plane):
    kinds = ["image", "TEXT", "Text", "SPEECH"]
    plane.models = [
        foundation("acme.one", inputModalities=kinds, outputModalities=["Text"]),
        foundation("acme.two", inputModalities=[]),
    ]
    plane.profiles = []
    assert [model.input for model in await found()] == [("text", "image", "audio"), ("text",)]


async def test_documents_are_no_modality_so_the_family_tells_who_takes_them(found, plane):
    seen = {"inputModalities": ["TEXT", "IMAGE", "VIDEO"]}
    plane.models = [
        foundation("amazon.nova-lite-v1:0", **seen),
        foundation("amazon.nova-micro-v1:0", inputModalities=["TEXT"]),
        foundation("qwen.qwen3-32b-v1:0", inputModalities=["TEXT"]),
    ]
    plane.profiles = [profile(f"us.{SONNET}", SONNET)]
    assert {model.id: model.input for model in await found()} == {
        "amazon.nova-lite-v1:0": ("text", "image", "document", "video"),
        "amazon.nova-micro-v1:0": ("text",),
        "qwen.qwen3-32b-v1:0": ("text",),
        f"us.{SONNET}": ("text", "image", "document"),
    }


async def test_a_discovered_claude_may_be_sent_a_pdf_and_no_video(found):
    model = (await found())[0]
    assert model.id == f"global.{SONNET}"
    context = Context([UserMessage([Text("Read."), File(b"%PDF", "application/pdf")])])
    check_abilities(model, context)
    context.messages[0].content.append(File(b"film", "video/mp4"))
    with pytest.raises(InvalidRequest, match="holds a video"):
        check_abilities(model, context)


async def test_every_page_of_profiles_is_read(found, plane):
    plane.profiles = [profile(f"us.acme.m{n}", f"acme.m{n}") for n in range(25)]
    plane.page = 10
    assert len(await found()) == 26
    assert len([path for path in found.server.paths() if "nextToken" in path]) == 2


async def test_a_filter_names_makers(found, plane):
    plane.models.append(foundation("meta.llama3-8b-instruct-v1:0"))
    plane.profiles.append(profile("us.meta.llama4-x", "meta.llama4-x"))
    listed = await found({"providerFilter": [" Meta ", "meta", ""]})
    assert ids(listed) == ["meta.llama3-8b-instruct-v1:0", "us.meta.llama4-x"]


async def test_a_profile_can_do_what_its_base_model_can(found, plane):
    plane.applications = [
        profile("us.abc", SONNET, inferenceProfileArn=OWN, type="APPLICATION"),
    ]
    models = {model.id: model for model in await found()}
    for model_id in (f"us.{SONNET}", OWN):
        model = models[model_id]
        assert model.extra["baseModel"] == SONNET
        assert model.input == ("text", "image", "document")
        assert (model.reasoning, model.tools) == (True, True)
        assert (model.context_window, model.max_tokens) == (200_000, 64_000)


async def test_an_application_profile_is_named_by_its_arn_not_by_what_its_id_looks_like(
    found, plane
):
    plane.profiles = []
    plane.applications = [
        profile(f"us.{SONNET}", HAIKU, inferenceProfileArn=OWN, type="APPLICATION"),
    ]
    model = (await found())[-1]
    assert (model.id, model.extra["baseModel"]) == (OWN, HAIKU)


@pytest.mark.parametrize("prefix", ["au", "apac", "jp", "ca", "us-gov"])
async def test_a_profile_without_arns_is_known_by_its_id(found, plane, prefix):
    plane.profiles = [profile(f"{prefix}.{SONNET}", SONNET, models=[])]
    model = next(m for m in await found() if m.id.startswith(prefix))
    assert (model.extra["baseModel"], model.context_window) == (SONNET, 200_000)


async def test_inactive_profiles_and_those_of_another_service_are_left_out(found, plane):
    plane.profiles = [
        profile("us.acme.x", "acme.x", status="CREATING"),
        profile("us.anthropic.claude-mythos-preview", "anthropic.claude-mythos-preview"),
    ]
    assert ids(await found()) == [HAIKU]


async def test_unknown_sizes_are_assumed_small_and_said_to_be_assumed(found, plane):
    plane.models, plane.profiles = [foundation("acme.new-v1:0")], []
    model = (await found())[0]
    assert (model.context_window, model.max_tokens) == (32_000, 4_096)
    assert model.extra["assumedLimits"] == ["contextWindow", "maxTokens"]
    assert model.prices is None
    own = (await found({"defaultContextWindow": 64000.9, "defaultMaxTokens": 8192}))[0]
    assert (own.context_window, own.max_tokens) == (64_000, 8_192)
    wide = (await found(provider={"contextWindow": 50_000, "maxTokens": 1_000}))[0]
    assert (wide.context_window, wide.max_tokens) == (50_000, 1_000)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("defaultContextWindow", 0),
        ("defaultMaxTokens", "many"),
        ("defaultMaxTokens", True),
        ("providerFilter", "anthropic"),
        ("providerFilter", [1]),
        ("region", 5),
    ],
)
async def test_a_wrong_setting_is_named_by_its_path(found, key, value):
    with pytest.raises(ConfigError, match=rf"amazon-bedrock\.config\.discovery\.{key}"):
        await found({key: value})


async def test_the_region_of_the_settings_is_asked_before_every_other(found):
    await found({"region": "eu-west-1"}, environ={"AWS_REGION": "us-west-2"})
    assert all("/eu-west-1/bedrock/" in r.headers["Authorization"] for r in found.server.seen)


async def test_without_the_permission_for_profiles_the_rest_is_listed(found, plane):
    assert (await found()).incomplete == ()
    plane.profiles = plane.applications = 403
    models = await found()
    assert ids(models) == [HAIKU, f"us.{SONNET}"]
    assert models[1].extra == {"unchecked": True, "baseModel": SONNET}
    (reason,) = models.incomplete
    assert reason == (
        "The IAM action bedrock:ListInferenceProfiles is not allowed for the AWS credentials from "
        "env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY. Models with a profile only are listed "
        "under a likely one; application profiles are not."
    )


async def test_without_the_permission_for_application_profiles_the_list_is_incomplete(found, plane):
    plane.applications = 403
    models = await found()
    assert ids(models) == [f"global.{SONNET}", HAIKU, f"us.{SONNET}"]
    (reason,) = models.incomplete
    assert reason.endswith("This account's application profiles are not listed.")


async def test_without_the_permission_for_models_the_profiles_are_listed(found, plane):
    plane.models = 403
    models = await found()
    assert ids(models) == [f"global.{SONNET}", f"us.{SONNET}"]
    assert models[0].context_window == 200_000
    (reason,) = models.incomplete
    assert "bedrock:ListFoundationModels" in reason
    assert reason.endswith("Only models with an inference profile are listed.")


async def test_without_any_permission_both_actions_are_named(found, plane):
    plane.models = plane.profiles = plane.applications = 403
    with pytest.raises(AccessDenied) as raised:
        await found()
    assert "bedrock:ListFoundationModels and bedrock:ListInferenceProfiles" in raised.value.hint


@pytest.mark.parametrize("which", ["models", "profiles", "applications"])
async def test_any_other_failure_of_one_list_fails_the_whole(found, plane, which):
    setattr(plane, which, 500)
    with pytest.raises(ServerError):
        await found()


async def test_endless_pages_are_given_up(configure, serve):
    def answer(request):
        if request.path.startswith("/foundation"):
            return 200, {"modelSummaries": []}
        return 200, {"inferenceProfileSummaries": [], "nextToken": "again"}

    config = configure({**PAIR, "AWS_ENDPOINT_URL_BEDROCK": serve(answer).url})
    async with Transport(environ=config.environ) as transport:
        with pytest.raises(Exception, match="no end"):
            await discover(
                config.provider("amazon-bedrock"), DiscoverySettings(), config, transport,
                clients=Clients(),
            )  # fmt: skip


async def test_both_lists_are_asked_for_side_by_side_and_cancelling_lets_go(configure, serve):
    together, release = threading.Barrier(4), threading.Event()

    def answer(_):
        together.wait(30)
        release.wait(30)
        return 200, {}

    config = configure({**PAIR, "AWS_ENDPOINT_URL_BEDROCK": serve(answer).url})
    async with Transport(environ=config.environ) as transport:
        task = asyncio.ensure_future(
            discover(
                config.provider("amazon-bedrock"), DiscoverySettings(), config, transport,
                clients=Clients(),
            )
        )  # fmt: skip
        await asyncio.to_thread(together.wait, 30)  # all three requests are under way at once
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        release.set()


async def test_expired_credentials_are_loaded_again_once(configure, serve):
    expired = {"__type": "ExpiredTokenException", "message": "The security token is expired"}
    loads = serve(
        lambda _: (
            200,
            {
                "AccessKeyId": f"AKID{len(loads.seen)}",
                "SecretAccessKey": "c2VjcmV0",
                "Token": "dG9rZW4",
                "Expiration": "2999-01-01T00:00:00Z",
            },
        )
    )

    def answer(request):
        if "AKID1/" in request.headers["Authorization"]:
            return 403, expired
        return 200, {}

    server = serve(answer)
    environ = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": loads.url,
        "AWS_ENDPOINT_URL_BEDROCK": server.url,
    }
    config = configure(environ)
    async with Transport(environ=config.environ) as transport:
        arguments = (config.provider("amazon-bedrock"), DiscoverySettings(), config, transport)
        assert list(await discover(*arguments, clients=Clients())) == []
        server.answer = lambda _: (403, expired)
        with pytest.raises(AuthenticationError, match="expired") as raised:
            await discover(*arguments, clients=Clients())
    assert raised.value.hint


async def test_what_a_region_offers_is_remembered_for_calls(found, target_of):
    await found()
    target = target_of(environ={**PAIR, "AWS_ENDPOINT_URL_BEDROCK": found.url})
    inventory = inventory_of(target.control_plane)
    assert inventory.on_demand == {HAIKU}
    assert f"us.{SONNET}" in inventory.profiles


async def test_configured_models_merge_with_discovered_ones(configure, serve, plane, tmp_path):
    server = serve(plane)
    mine = {"models": [{"id": HAIKU, "contextWindow": 99}, {"id": "acme.mine"}]}
    environ = {**PAIR, "AWS_ENDPOINT_URL_BEDROCK": server.url}
    config = configure(environ, provider=mine)
    async with Transport(environ=config.environ) as transport:
        catalog = Catalog(
            config, Registry(config), lambda t=transport: t, cache_directory=tmp_path / "cache"
        )
        first = await catalog.listing("bedrock")
        asked = len(server.seen)
        again = await catalog.listing("bedrock")
    assert first.error is None
    assert ids(first.models) == [HAIKU, "acme.mine", f"global.{SONNET}", f"us.{SONNET}"]
    assert (first.models[0].context_window, first.models[0].max_tokens) == (99, 4_096)
    assert ids(again.models) == ids(first.models)
    assert len(server.seen) == asked


@pytest.mark.parametrize("enabled", [None, False])
async def test_without_usable_credentials_no_request_is_sent(
    configure, serve, plane, tmp_path, enabled
):
    server = serve(plane)
    discovery = {} if enabled is None else {"discovery": {"enabled": enabled}}
    environ = {"AWS_ENDPOINT_URL_BEDROCK": server.url, "AWS_EC2_METADATA_DISABLED": "true"}
    config = configure(
        environ if enabled is None else {**PAIR, **environ},
        plugins={"entries": {"amazon-bedrock": {"config": discovery}}},
    )
    async with Transport(environ=config.environ) as transport:
        catalog = Catalog(
            config, Registry(config), lambda t=transport: t, cache_directory=tmp_path / "cache"
        )
        result = await catalog.listing("amazon-bedrock")
    assert result.models == ()
    assert server.seen == []


async def test_lists_of_two_profiles_are_kept_apart(configure, serve, plane, tmp_path):
    server = serve(plane)
    credentials = "".join(
        f"[{name}]\naws_access_key_id = AKID{name}\naws_secret_access_key = c2VjcmV0\n"
        for name in ("one", "two")
    )
    for name, expected in (("one", 1), ("two", 2), ("one", 2)):
        environ = {
            "AWS_PROFILE": name,
            "AWS_REGION": "us-west-2",
            "AWS_ENDPOINT_URL_BEDROCK": server.url,
        }
        config = configure(environ, credentials=credentials)
        async with Transport(environ=config.environ) as transport:
            folder = tmp_path / "cache"
            catalog = Catalog(
                config, Registry(config), lambda t=transport: t, cache_directory=folder
            )
            assert (await catalog.listing("amazon-bedrock")).error is None
        assert server.paths().count("/foundation-models") == expected
