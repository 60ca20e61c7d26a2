"""The profiles of a region's own list: asked for once where the likely ones do not exist, or from the disk."""

from urllib.parse import unquote

import pytest
from attrs import evolve

from modelwire.errors import InvalidRequest, NotFound
from modelwire.models import Model

OPUS = Model("amazon-bedrock", "anthropic.claude-opus-4-6-v1")
JAPAN = {"region": "ap-northeast-1"}
LISTING = "ListInferenceProfiles"


@pytest.fixture
def invalid(refuses):
    return refuses(400, "ValidationException", "The provided model identifier is invalid.")


@pytest.fixture
def lists():
    """Make the answer of ListInferenceProfiles."""

    def make(*names):
        async def tell(exchange):
            found = [{"inferenceProfileId": name, "type": "SYSTEM_DEFINED"} for name in names]
            await exchange.whole(200, {"inferenceProfileSummaries": found})

        return tell

    return make


def called(server):
    """The ids that were called and the lists that were asked for, in order."""
    return [
        LISTING if "/inference-profiles" in request.line else unquote(request.line.split("/")[2])
        for request in server.received
    ]


async def test_after_two_profiles_that_do_not_exist_the_region_is_asked_once(
    server, answer, collect, text_of, invalid, lists
):
    listed = lists(f"au.{OPUS.id}", f"jp-east.{OPUS.id}", f"jp.{OPUS.id}x")
    server.answers(invalid, invalid, listed, invalid)
    _, error = await collect(model=OPUS, params=JAPAN)
    assert isinstance(error, NotFound)
    tried = [f"jp.{OPUS.id}", f"apac.{OPUS.id}"]
    assert called(server) == [*tried, LISTING]
    _, error = await collect(model=OPUS, params=JAPAN)
    assert called(server).count(LISTING) == 1


async def test_a_listed_profile_is_called_and_remembered(
    server, answer, collect, text_of, invalid, lists
):
    model = Model("amazon-bedrock", "anthropic.claude-sonnet-4-6-v1:0")
    sydney = {"region": "ap-southeast-2"}
    server.answers(
        invalid, lists(f"apac.{model.id}", "us.acme.x"), [*answer("hi")], [*answer("again")]
    )
    deltas, error = await collect(model=model, params=sydney)
    assert error is None
    assert text_of(deltas) == "hi"
    await collect(model=model, params=sydney)
    apac = f"apac.{model.id}"
    assert called(server) == [f"au.{model.id}", LISTING, apac, apac]


async def test_where_only_a_global_profile_is_listed_the_error_names_it(
    server, answer, collect, invalid, lists, provider
):
    server.answers(invalid, invalid, lists(f"global.{OPUS.id}"), [*answer("hi")])
    _, error = await collect(model=OPUS, params=JAPAN)
    assert isinstance(error, InvalidRequest)
    assert f"global.{OPUS.id}" in str(error)
    assert "allowGlobal" in error.hint
    allowed = evolve(provider, extra={**provider.extra, "allowGlobal": True})
    _, error = await collect(model=OPUS, params=JAPAN, provider=allowed)
    assert error is None
    assert called(server)[3:] == [f"global.{OPUS.id}"]


async def test_without_the_permission_to_list_the_error_is_the_first_one_and_it_is_asked_once(
    server, collect, invalid, refuses
):
    denied = refuses(403, "AccessDeniedException", "not authorized")
    server.answers(invalid, invalid, denied, invalid)
    for _ in range(2):
        _, error = await collect(model=OPUS, params=JAPAN)
        assert isinstance(error, NotFound)
        assert "may not exist in ap-northeast-1" in error.hint
    assert called(server).count(LISTING) == 1


async def test_a_list_that_fails_is_asked_for_again_by_the_next_call(
    server, answer, collect, invalid, refuses, lists
):
    broken = refuses(500, "InternalServerException", "busy")
    server.answers(invalid, invalid, broken, invalid, lists())
    for _ in range(2):
        _, error = await collect(model=OPUS, params=JAPAN)
        assert isinstance(error, NotFound)
    assert called(server).count(LISTING) == 2


async def test_the_control_plane_is_not_asked_where_only_the_runtime_has_an_address(
    server, collect, config, provider, invalid
):
    server.answers(invalid)
    environ = {**config.environ, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.url}
    _, error = await collect(
        model=OPUS,
        params=JAPAN,
        provider=evolve(provider, base_url=None),
        config=evolve(config, environ=environ),
    )
    assert isinstance(error, NotFound)
    assert LISTING not in called(server)


async def test_a_profile_of_the_list_on_disk_is_chosen(server, answer, collect):
    server.answers([*answer("hi")])
    model = evolve(OPUS, extra={"listedAs": [f"global.{OPUS.id}", f"apac.{OPUS.id}"]})
    _, error = await collect(model=model, params=JAPAN)
    assert error is None
    assert called(server) == [f"apac.{OPUS.id}"]


async def test_a_model_that_the_list_on_disk_has_itself_is_called_by_its_own_id(
    server, answer, collect
):
    server.answers([*answer("hi")])
    model = Model("amazon-bedrock", "openai.gpt-6-sol", sources=("discovered",))
    _, error = await collect(model=model, params={"region": "us-west-2"})
    assert error is None
    assert called(server) == ["openai.gpt-6-sol"]


async def test_where_the_list_on_disk_has_a_global_profile_alone_the_error_names_it(
    server, collect
):
    model = evolve(OPUS, extra={"listedAs": [f"global.{OPUS.id}"]})
    _, error = await collect(model=model, params=JAPAN)
    assert isinstance(error, InvalidRequest)
    assert f"global.{OPUS.id}" in str(error)
    assert called(server) == []
