"""The list of models."""

from attrs import evolve
from gateway_server import KEY, serving

from modelwire_bedrock.emulator import Fault
from modelwire_gateway import Settings
from modelwire_gateway.access.caller import OpenAccess

CLAUDE = "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
SETTINGS = Settings(aliases={"claude-main": CLAUDE, "claude-haiku-*": CLAUDE})


class OnlyAliases(OpenAccess):
    """Lets everybody in, and shows aliases only."""

    def may_call(self, *asked):
        return asked[1] == "claude-main"


async def test_models_have_the_members_of_both_apis(emulator, tmp_path):
    async with serving(emulator, tmp_path, settings=SETTINGS) as gateway:
        listed = {"data": []}
        # A provider that takes longer than a client would wait is listed the next time.
        while not any(item["id"] == CLAUDE for item in listed["data"]):
            status, _, listed = await gateway.get("/v1/models?limit=1000")
            assert status == 200
    assert listed["object"] == "list"
    assert listed["has_more"] is False
    by_id = {item["id"]: item for item in listed["data"]}
    assert next(iter(by_id)) == "claude-main"
    assert "claude-haiku-*" not in by_id
    assert "local/smollm2-135m-instruct" in by_id
    item = by_id[CLAUDE]
    assert (item["object"], item["type"], item["owned_by"]) == ("model", "model", "amazon-bedrock")
    assert item["display_name"]
    # There are no credentials for these.
    assert not any(name.startswith("openai/") for name in by_id)


async def test_only_models_that_may_be_called_are_listed(emulator, tmp_path):
    access = OnlyAliases(KEY)
    async with serving(emulator, tmp_path, settings=SETTINGS, access=access) as gateway:
        _, _, listed = await gateway.get("/v1/models")
        assert [item["id"] for item in listed["data"]] == ["claude-main"]
        status, _, refused = await gateway.get(f"/v1/models/{CLAUDE}")
        assert (status, refused["error"]["code"]) == (403, "model_not_allowed")


async def test_one_model(emulator, tmp_path):
    async with serving(emulator, tmp_path, settings=SETTINGS) as gateway:
        status, _, item = await gateway.get("/v1/models/claude-main")
        assert (status, item["id"]) == (200, "claude-main")
        status, _, item = await gateway.get(f"/v1/models/{CLAUDE}")
        assert (status, item["id"]) == (200, CLAUDE)
        status, _, missing = await gateway.get(
            "/v1/models/none", **{"anthropic-version": "2023-06-01"}
        )
        assert (status, missing["error"]["type"]) == (404, "not_found_error")


async def test_a_key_is_needed(emulator, tmp_path):
    async with serving(emulator, tmp_path) as gateway:
        gateway.key = "mw-wrong"
        status, _, refused = await gateway.get("/v1/models")
        assert (status, refused["error"]["code"]) == (401, "invalid_api_key")


async def test_names_that_clients_insist_on_are_aliases(emulator, tmp_path):
    body = {"max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}
    async with serving(emulator, tmp_path, settings=SETTINGS) as gateway:
        for name in ("claude-main", "claude-haiku-4-5-20251001"):
            emulator.answer("Hi.")
            status, _, answer = await gateway.post("/v1/messages", {**body, "model": name})
            assert (status, answer["model"]) == (200, name)
            assert (await gateway.record()).model == CLAUDE
        status, _, unknown = await gateway.post(
            "/v1/messages", {**body, "model": "claude-sonnet-9"}
        )
        assert (status, unknown["error"]["type"]) == (404, "not_found_error")


class Routing(OpenAccess):
    """Sends the requests of its caller for one model to another, and keeps what was let in."""

    async def authenticate(self, headers):
        caller = await super().authenticate(headers)
        return evolve(caller, routes={CLAUDE: OPUS})

    async def admit(self, caller, model, *more, name):
        LET_IN.append((str(model.ref), name))
        return await super().admit(caller, model, *more, name=name)


LET_IN: list = []
OPUS = "amazon-bedrock/us.anthropic.claude-opus-5"


async def test_a_caller_may_have_routes_of_its_own(emulator, tmp_path):
    body = {"max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}
    async with serving(emulator, tmp_path, settings=SETTINGS, access=Routing(KEY)) as gateway:
        for name in (CLAUDE, "claude-main"):
            emulator.answer("Hi.")
            status, _, answer = await gateway.post("/v1/messages", {**body, "model": name})
            assert (status, answer["model"]) == (200, name)
            assert emulator.requests[-1].model_id == "us.anthropic.claude-opus-5"
            assert LET_IN.pop() == (CLAUDE, name)


async def test_the_primary_model_has_its_fallbacks(emulator, tmp_path):
    model = {"primary": CLAUDE, "fallbacks": [OPUS]}
    config = {"agents": {"defaults": {"model": model}}}
    body = {
        "model": "default",
        "max_tokens": 3000,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "messages": [{"role": "user", "content": "Hello"}],
    }
    async with serving(emulator, tmp_path, config=config) as gateway:
        emulator.answer(fault=Fault.error("ServiceUnavailableException"))
        emulator.answer("Hi.")
        status, _, answer = await gateway.post("/v1/messages", body)
        assert (status, answer["content"][0]["text"]) == (200, "Hi.")
        first, second = (request.parameters for request in emulator.requests)
        assert first["additionalModelRequestFields"]["thinking"]["type"] == "enabled"
        assert second["additionalModelRequestFields"]["thinking"]["type"] == "adaptive"
        assert (await gateway.record()).model == OPUS
