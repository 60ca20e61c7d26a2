"""`modelwire models explain`: how a reference resolves, and where it fails."""

import json
import re

import pytest

WIRE = """
    from modelwire.errors import AccessDenied, AuthenticationError
    from modelwire.events import Stop, TextDelta
    from modelwire.hookspecs import CredentialStatus, hookimpl
    from modelwire.messages import StopReason
    from modelwire.models import Model, Prices
    from modelwire.transport import Request

    @hookimpl
    def detect_credentials(config):
        if "WIRE_KEY" in config.environ:
            return CredentialStatus("usable", source="env: WIRE_KEY")
        return CredentialStatus("unusable", reason="WIRE_KEY is not set.", hint="Export WIRE_KEY.")

    @hookimpl
    async def discover_models(provider, config):
        with open(config.environ["ASKED"], "a") as log:
            print("asked", file=log)
        if config.environ["WIRE_KEY"] == "unlisted":
            raise AccessDenied("Listing is not allowed.", hint="Ask your administrator.")
        return [
            Model(
                provider.id, "big", name="Big", context_window=200_000, max_tokens=4096,
                prices=Prices(3, 15), input=("text", "image"), tools=True,
                extra={"assumedLimits": ["maxTokens"]},
            ),
            Model(provider.id, "vectors", output=("embedding",)),
        ]

    @hookimpl
    def describe_call(model, provider):
        facts = {"wire": "copper", "region": "north", "regionSource": "env: WIRE_REGION"}
        return facts | {"calledAs": f"n.{model.id}", "endpoint": provider.base_url}

    @hookimpl
    async def stream_completion(model, provider, transport, config):
        if config.environ["WIRE_KEY"] == "expired":
            raise AuthenticationError("The session expired.", hint="Log in again.")
        if model.id == "inside":
            yield TextDelta(0, "hi")
            yield Stop(StopReason.STOP)
            return
        url = f"{provider.base_url}/ask/n.{model.id}"
        async with transport.send(Request("POST", url, {"authorization": "s3cret"}, b"{}")) as response:
            yield TextDelta(0, "never")
"""
CONFIG = {
    "models": {"providers": {"wire": {"baseUrl": "http://127.0.0.1:9"}}},
    "agents": {"defaults": {"model": "fast", "models": {"wired/big": {"alias": "Fast"}}}},
}


@pytest.fixture
def explain(program, site):
    site.install("wire", {"providers": {"wire": ""}, "aliases": {"wired": "wire"}}, WIRE, "2.5")
    program.configure(CONFIG)

    def run(*arguments, **environ):
        done = program.run("models", "explain", "--json", *arguments, **environ)
        data = json.loads(done.stdout)
        assert done.returncode == (0 if data["ok"] else 1), done.stderr
        return data, {step["step"]: step for step in data["steps"]}

    return run


def facts(steps):
    return {name: (step["value"], step["source"]) for name, step in steps.items()}


def test_every_step_is_reported_with_where_it_comes_from(explain):
    data, steps = explain(WIRE_KEY="k")
    assert (data["ok"], data["failedAt"], data["resolved"]) == (True, None, "wire/big")
    assert re.fullmatch(r"discovered \d+ (s|min) ago", steps["model"]["source"])
    steps["model"]["source"] = "discovered"
    assert list(facts(steps).items()) == [
        ("reference", ("fast", "agents.defaults.model.primary")),
        ("alias", ("wired/big", 'agents.defaults.models["wired/big"].alias')),
        ("provider", ("wire", "wired is another name of it")),
        ("plugin", ("wire 2.5", "it owns the provider")),
        ("model", ("Big (big)", "discovered")),
        ("called as", ("n.big", None)),
        ("region", ("north", "env: WIRE_REGION")),
        ("endpoint", ("http://127.0.0.1:9", None)),
        ("wire", ("copper", None)),
        ("credentials", ("env: WIRE_KEY", None)),
        ("limits", ("context 200,000 tokens, answer 4,096 tokens", "assumed: maxTokens")),
        ("abilities", ("text, image, tools", None)),
        ("price", ("input 3, output 15", "USD per million tokens")),
        ("request", ("POST http://127.0.0.1:9/ask/n.big", "made, and not sent")),
    ]


def test_people_read_the_same_and_no_secret(explain, program):
    done = program.run("models", "explain", "wire/big", WIRE_KEY="k")
    text = done.stdout.decode()
    assert "ok region       north (env: WIRE_REGION)" in text
    assert text.endswith("A call would be sent.\n")
    assert "s3cret" not in text
    shown = program.show("models", "explain", "wire/big", WIRE_KEY="k")
    assert "\x1b[32mok" in shown
    plain = shown.replace("\x1b[2K", "").replace("\x1b[32m", "").replace("\x1b[0m", "")
    assert max(len(line) for line in plain.splitlines()) <= 80
    shown = program.show("models", "explain", "wirre/big", NO_COLOR="1")
    assert "x  plugin" in shown
    assert "\x1b[3" not in shown


def test_no_color_is_kept_to_in_errors_too(program):
    assert "\x1b[31m" in program.show("models", "set", "ghost/x")
    assert "\x1b[" not in program.show("models", "set", "ghost/x", NO_COLOR="1")


@pytest.mark.parametrize(
    ("ref", "step", "problem", "hint"),
    [
        ("wire/", "provider", "'wire/' does not name a model.", "Write provider/model-id."),
        ("nothing", "provider", "No configured or discovered model is called", "Write it as"),
        ("wirre/big", "plugin", "No installed plugin provides 'wirre'.", "Did you mean wire"),
    ],
)
def test_it_ends_where_no_model_is_named(explain, ref, step, problem, hint):
    data, steps = explain(ref, WIRE_KEY="k")
    assert data["failedAt"] == step == list(steps)[-1]
    assert problem in steps[step]["problem"]
    assert hint in steps[step]["hint"]


def test_without_any_model_it_says_what_to_set(explain, program):
    program.configure({"models": {}})
    data, steps = explain(WIRE_KEY="k")
    assert data["failedAt"] == "reference"
    assert "agents.defaults.model.primary" in steps["reference"]["hint"]


def test_missing_credentials_fail_and_what_is_known_is_still_printed(explain):
    data, steps = explain("wire/big")
    assert data["failedAt"] == "credentials"
    assert steps["credentials"]["problem"] == "WIRE_KEY is not set."
    assert steps["credentials"]["hint"] == "Export WIRE_KEY."
    assert steps["region"]["value"] == "north"
    assert steps["request"]["status"] == "skipped"


def test_a_request_that_cannot_be_made_fails_with_what_to_do(explain):
    data, steps = explain("wire/big", WIRE_KEY="expired")
    assert data["failedAt"] == "request"
    assert steps["request"]["problem"] == "The session expired."
    assert steps["request"]["hint"] == "Log in again."


def test_a_model_that_no_list_has_is_in_doubt_and_does_not_fail(explain, program):
    data, steps = explain("wire/bigg", WIRE_KEY="k")
    assert data["ok"]
    assert steps["model"]["status"] == "doubt"
    assert steps["model"]["hint"] == "Did you mean wire/big?"
    text = program.run("models", "explain", "wire/bigg", WIRE_KEY="k").stdout.decode()
    assert text.endswith("A call would be sent; in doubt: model.\n")


def test_a_list_that_cannot_be_had_is_reported(explain):
    _, steps = explain("wire/big", WIRE_KEY="unlisted")
    told = "The models of wire could not be listed: Listing is not allowed."
    assert steps["model"]["problem"] == told
    assert steps["model"]["hint"] == "Ask your administrator."


def test_offline_no_request_is_sent(explain, program):
    data, steps = explain("--offline", "wire/big", WIRE_KEY="k")
    assert data["ok"]
    assert not program.asked.exists()
    assert steps["model"]["problem"] == "The models of wire have not been listed yet."
    assert steps["request"]["problem"] == "Skipped with --offline."
    data, _ = explain("--offline", "other", WIRE_KEY="k")
    assert data["failedAt"] == "provider"


def test_a_bare_name_is_found_as_a_call_finds_it(explain):
    data, steps = explain("BIG", WIRE_KEY="k")
    assert data["resolved"] == "wire/big"
    assert steps["provider"]["source"] == "the only one with a model of this name"


def test_a_plugin_that_needs_no_request_is_reported(explain):
    data, steps = explain("wire/inside", WIRE_KEY="k")
    assert data["ok"]
    assert steps["request"]["value"] == "none; the plugin answers by itself"


def test_a_provider_of_the_users_own_names_who_speaks_its_api(explain, program):
    document = {"models": {"providers": {"mine": {"api": "actor-chat", "models": ["m"]}}}}
    program.configure(document)
    _, steps = explain("mine/m", WIRE_KEY="k")
    assert facts(steps)["plugin"] == ("actor 1.0", "it speaks actor-chat")
    assert facts(steps)["api"] == ("actor-chat", "models.providers.mine.api")
    assert facts(steps)["model"] == ("m", "configured")


def test_an_embedding_model_is_said_to_answer_no_prompts(explain, program):
    for arguments in ((), ("--offline",)):  # the list of the first call is kept
        data, steps = explain("wire/vectors", *arguments, WIRE_KEY="k")
        assert (data["ok"], data["failedAt"]) == (False, "abilities")
        assert (
            "wire/vectors is an embedding model and answers no prompts"
            in (steps["abilities"]["problem"])
        )
        assert "modelwire embed" in steps["abilities"]["hint"]
    shown = program.run("models", "explain", "wire/vectors", WIRE_KEY="k").stdout.decode()
    assert shown.endswith("A call would fail at the step abilities.\n")
