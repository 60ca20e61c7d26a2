"""Groups of models, and models of a key's own."""

from collections import Counter
from random import Random
from urllib.parse import unquote

import pytest
from attrs import evolve
from gateway_server import KEY, serving

from modelwire.config import Config
from modelwire.errors import ConfigError, InvalidRequest, RateLimited, ServerError
from modelwire_bedrock.emulator import Fault, Match
from modelwire_gateway import Settings
from modelwire_gateway.access.caller import Caller, OpenAccess, RequestRefused
from modelwire_gateway.access.opened import open_access
from modelwire_gateway.groups import GroupMember, Groups
from modelwire_gateway.storage.memory_counters import MemoryCounters
from modelwire_gateway.storage.settings import StorageSettings

LITE = "amazon-bedrock/us.amazon.nova-lite-v1:0"
CLAUDE = "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/f6e5d4c3b2a1"
ABC = {"fast": (GroupMember("x/a", 3), GroupMember("x/b", 1), GroupMember("x/c", 1))}


def groups(now=lambda: 0.0, members=ABC):
    return Groups(members, MemoryCounters(clock=now), draw=Random(1).random)


async def test_models_are_chosen_by_weight():
    chosen = groups()
    first = Counter([(await chosen.order("fast"))[0] for _ in range(5000)])
    assert first["x/a"] == pytest.approx(3000, rel=0.1)
    assert first["x/b"] == pytest.approx(1000, rel=0.2)


async def test_every_model_of_the_group_is_in_the_order_once():
    chosen = groups()
    for _ in range(50):
        assert sorted(await chosen.order("fast")) == ["x/a", "x/b", "x/c"]


async def test_a_model_that_failed_is_last_for_a_while_and_longer_each_time():
    now = 0.0
    chosen = groups(lambda: now)
    error = ServerError("It broke.", retryable=True)
    for seconds in (5, 10, 20):
        await chosen.failed("x/a", error)
        now += seconds - 0.1
        assert {(await chosen.order("fast"))[-1] for _ in range(30)} == {"x/a"}
        now += 0.2
        assert "x/a" in {(await chosen.order("fast"))[0] for _ in range(30)}
    chosen.answered("x/a")
    await chosen.failed("x/a", error)
    now += 5.1
    assert "x/a" in {(await chosen.order("fast"))[0] for _ in range(30)}


async def test_a_provider_that_asks_for_a_longer_wait_gets_it():
    now = 0.0
    chosen = groups(lambda: now)
    await chosen.failed("x/a", RateLimited("Later.", retryable=True, retry_after=60))
    now = 59.0
    assert {(await chosen.order("fast"))[-1] for _ in range(30)} == {"x/a"}


async def test_where_all_have_failed_all_are_tried():
    chosen = groups()
    for model in ("x/a", "x/b", "x/c"):
        await chosen.failed(model, ServerError("It broke.", retryable=True))
    assert len({(await chosen.order("fast"))[0] for _ in range(100)}) == 3


async def test_a_mistake_of_the_request_is_no_failure_of_the_model():
    chosen = groups()
    await chosen.failed("x/a", InvalidRequest("No.", retryable=False))
    assert "x/a" in {(await chosen.order("fast"))[0] for _ in range(30)}


class Only(OpenAccess):
    """Everybody is one caller."""

    def __init__(self, caller):
        super().__init__(KEY)
        object.__setattr__(self, "caller", caller)

    async def authenticate(self, headers):
        await super().authenticate(headers)
        return self.caller

    def may_call(self, caller, name, reference):
        return not caller.models or name in caller.models or reference in caller.models

    async def admit(self, caller, model, estimate, *, name):
        if not self.may_call(caller, name, str(model.ref)):
            raise RequestRefused(403, "model_not_allowed", "No.")
        return evolve(
            await super().admit(caller, model, estimate, name=name), metadata=caller.labels
        )


FAST = Settings(groups={"fast": (GroupMember(LITE, 1e9), GroupMember(CLAUDE, 1e-9))})
QUESTION = {"model": "fast", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50}


def called(emulator):
    return [request.model_id for request in emulator.requests if request.model_id]


@pytest.mark.parametrize("stream", [False, True])
async def test_the_next_model_answers_where_one_fails_before_the_first_byte(
    emulator, tmp_path, stream
):
    emulator.answer(
        fault=Fault.error("ServiceUnavailableException"), when=Match(model="*nova*"), times=None
    )
    async with serving(emulator, tmp_path, settings=FAST) as gateway:
        if stream:
            events = await gateway.events("/v1/chat/completions", {**QUESTION, "stream": True})
            assert events[-1] == (None, "[DONE]")
        else:
            status, _, body = await gateway.post("/v1/chat/completions", QUESTION)
            assert (status, body["choices"][0]["finish_reason"]) == (200, "stop")
            assert body["model"] == "fast"
        record = await gateway.record()
        assert record.model == CLAUDE
        assert record.cost is not None
        assert called(emulator) == [LITE.partition("/")[2], CLAUDE.partition("/")[2]]
        # The one that failed is left out now.
        await gateway.post("/v1/chat/completions", QUESTION)
        assert called(emulator)[2:] == [CLAUDE.partition("/")[2]]


async def test_where_every_model_fails_the_last_failure_is_reported(emulator, tmp_path):
    emulator.answer(fault=Fault.error("ServiceUnavailableException"), times=None)
    async with serving(emulator, tmp_path, settings=FAST) as gateway:
        status, _, body = await gateway.post("/v1/chat/completions", QUESTION)
        assert status == 503
        assert body["error"]["message"]
        assert len(called(emulator)) == 2


async def test_a_refused_request_is_not_sent_to_another_model(emulator, tmp_path):
    emulator.answer(fault=Fault.error("ValidationException"), times=None)
    async with serving(emulator, tmp_path, settings=FAST) as gateway:
        status, _, _ = await gateway.post("/v1/chat/completions", QUESTION)
        assert status == 400
        assert len(called(emulator)) == 1


@pytest.mark.parametrize(
    ("models", "status", "model"),
    [(("fast",), 200, LITE), ((CLAUDE,), 200, CLAUDE), (("other",), 403, None)],
)
async def test_a_caller_gets_only_models_of_the_group_that_it_may_call(
    emulator, tmp_path, models, status, model
):
    access = Only(Caller("id", "laptop", models=models))
    async with serving(emulator, tmp_path, settings=FAST, access=access) as gateway:
        got, _, _ = await gateway.post("/v1/chat/completions", QUESTION)
        assert got == status
        assert called(emulator) == ([model.partition("/")[2]] if model else [])


async def test_a_group_is_in_the_list_of_models(emulator, tmp_path):
    async with serving(emulator, tmp_path, settings=FAST) as gateway:
        _, _, body = await gateway.get("/v1/models")
        assert "fast" in [item["id"] for item in body["data"]]
        assert (await gateway.get("/v1/models/fast"))[0] == 200


async def test_a_key_calls_a_profile_of_its_own_with_its_labels(emulator, tmp_path):
    caller = Caller(
        "id", "laptop", routes={"fast": f"amazon-bedrock/{PROFILE}"}, labels={"team": "engines"}
    )
    async with serving(emulator, tmp_path, settings=FAST, access=Only(caller)) as gateway:
        status, _, _ = await gateway.post("/v1/chat/completions", QUESTION)
        assert status == 200
        (request,) = [each for each in emulator.requests if each.model_id]
        assert unquote(request.path) == f"/model/{PROFILE}/converse-stream"
        assert request.body["requestMetadata"] == {"team": "engines"}
        assert (await gateway.record()).cost is not None


async def test_usage_is_counted_for_the_model_that_answered(emulator, tmp_path):
    emulator.answer(
        fault=Fault.error("ServiceUnavailableException"), when=Match(model="*nova*"), times=None
    )
    storage = StorageSettings(database=str(tmp_path / "gateway.db"))
    async with open_access(storage) as opened:
        opened.control.local = OpenAccess(KEY)
        settings, access = evolve(FAST, storage=storage), opened.control
        async with serving(emulator, tmp_path, settings=settings, access=access) as gateway:
            await gateway.post("/v1/chat/completions", QUESTION)
            await gateway.record()
        assert await opened.usage.try_flush()
        (row,) = await opened.usage.rows(since="2000-01-01")
        assert row.model == CLAUDE
        assert row.cost > 0


OF_OPENCLAW = {"port": 18789, "mode": "local", "bind": "loopback", "auth": {"mode": "token"}}


def settings_of(document):
    return Settings.of(Config.from_document(document, environ={}))


def test_groups_may_be_in_the_section_of_openclaws_gateway():
    members = [{"model": "x/a", "weight": 3}, {"model": "x/b"}]
    settings = settings_of({"gateway": {**OF_OPENCLAW, "groups": {"fast": members}}})
    assert settings.groups == {"fast": (GroupMember("x/a", 3), GroupMember("x/b", 1))}
    assert settings.port == Settings().port
    assert settings_of({"gateway": OF_OPENCLAW}) == Settings()


@pytest.mark.parametrize(
    ("groups", "path"),
    [
        ({"fast": [{"model": "x/a", "weight": 0}]}, "gateway.groups.fast[0]"),
        ({"fast": [{"weight": 1}]}, "gateway.groups.fast[0].model"),
        ({"fast": []}, "gateway"),
        (["x/a"], "gateway.groups"),
    ],
)
def test_a_mistake_in_the_groups_is_named_by_its_place(groups, path):
    with pytest.raises(ConfigError) as caught:
        settings_of({"gateway": {"groups": groups}})
    assert [problem.path for problem in caught.value.problems] == [path]


def test_groups_in_both_places_are_refused():
    groups = {"fast": [{"model": "x/a"}]}
    own = {"plugins": {"entries": {"gateway": {"config": {"groups": groups}}}}}
    with pytest.raises(ConfigError) as caught:
        settings_of({**own, "gateway": {"groups": groups}})
    assert "plugins.entries.gateway.config.groups" in str(caught.value)
    assert "gateway.groups" in str(caught.value)
