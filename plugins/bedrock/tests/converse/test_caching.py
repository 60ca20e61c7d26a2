from __future__ import annotations

import pytest

from modelwire.messages import AssistantMessage, Tool, UserMessage

SONNET_45 = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
SONNET_4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
NOVA = "us.amazon.nova-pro-v1:0"
UNKNOWN = "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"
SHORT = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}


def points(request):
    """Where cache points stand, and which."""
    payload = request.payload
    places = {
        "tools": payload.get("toolConfig", {}).get("tools", []),
        "system": payload.get("system", []),
    }
    for index, message in enumerate(payload["messages"]):
        places[f"messages[{index}]"] = message["content"]
    return {
        place: block
        for place, blocks in places.items()
        for block in blocks
        if "cachePoint" in block
    }


@pytest.mark.parametrize(
    ("model", "retention", "point", "places"),
    [
        (SONNET_45, None, SHORT, {"tools", "system", "messages[0]"}),
        (SONNET_45, "short", SHORT, {"tools", "system", "messages[0]"}),
        (SONNET_45, "long", HOUR, {"tools", "system", "messages[0]"}),
        (SONNET_45, "none", None, set()),
        (SONNET_4, "long", SHORT, {"tools", "system", "messages[0]"}),
        (NOVA, None, SHORT, {"system", "messages[0]"}),
        (NOVA, "long", SHORT, {"system", "messages[0]"}),
        ("anthropic.claude-3-haiku-20240307-v1:0", None, None, set()),
        ("us.meta.llama3-3-70b-instruct-v1:0", "long", None, set()),
        (UNKNOWN, "long", None, set()),
    ],
)
def test_each_family_gets_the_points_that_it_takes(build, model, retention, point, places):
    request = build(
        model=model, system="Be brief.", tools=[Tool("read")], cache_retention=retention
    )
    assert points(request) == dict.fromkeys(places, point)


def test_the_base_model_of_a_profile_decides(build):
    request = build(model=UNKNOWN, base_model="anthropic.claude-opus-4-5", cache_retention="long")
    assert points(request) == {"messages[0]": HOUR}


def test_only_the_last_user_turn_gets_one_and_no_answer_does(build):
    answer = AssistantMessage("b", "amazon-bedrock", SONNET_45)
    request = build([UserMessage("a"), answer, UserMessage("c")])
    assert points(request) == {"messages[2]": SHORT}
    assert request.payload["messages"][2]["content"][-1] == SHORT
    assert points(build([UserMessage("a"), answer])) == {}


def test_what_the_environment_says_counts_after_the_caller(build):
    environ = {"OPENCLAW_CACHE_RETENTION": "long"}
    assert points(build(environ=environ)) == {"messages[0]": HOUR}
    assert points(build(environ={"PI_CACHE_RETENTION": "long"})) == {"messages[0]": HOUR}
    assert points(build(environ=environ, cache_retention="short")) == {"messages[0]": SHORT}


def test_an_unknown_model_may_be_forced_and_a_known_refusal_may_not(build):
    environ = {"AWS_BEDROCK_FORCE_CACHE": "1"}
    assert points(build(model=UNKNOWN, environ=environ)) == {"messages[0]": SHORT}
    assert points(build(model="us.meta.llama3-3-70b-instruct-v1:0", environ=environ)) == {}


def test_a_wish_that_cannot_be_met_is_recorded(build):
    request = build(model="us.deepseek.r1-v1:0", cache_retention="long")
    assert [change.path for change in request.changes] == ["options.cache_retention"]


SPLIT = "stays\n<!-- OPENCLAW_CACHE_BOUNDARY -->\nchanges"


def test_the_part_of_a_system_prompt_that_changes_is_after_the_point(build):
    system = build(system=SPLIT).payload["system"]
    assert system == [{"text": "stays"}, SHORT, {"text": "changes"}]


def test_the_marker_is_never_sent(build):
    system = build(system=SPLIT, cache_retention="none").payload["system"]
    assert system == [{"text": "stays\nchanges"}]


@pytest.mark.parametrize("blank", [None, "", " \n"])
def test_a_blank_system_prompt_is_absent(build, blank):
    assert "system" not in build(system=blank).payload


def test_where_there_is_no_system_prompt_the_user_says_it(build):
    request = build(model="mistral.mixtral-8x7b-instruct-v0:1", system="Be brief.")
    assert "system" not in request.payload
    assert request.payload["messages"][0]["content"] == [{"text": "Be brief."}, {"text": "hi"}]
