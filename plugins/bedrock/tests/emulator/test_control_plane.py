"""Models and profiles, as boto3 lists them."""

import pytest
from botocore.exceptions import ClientError

from modelwire_bedrock.emulator import Emulator, EmulatorError, load_catalogue

CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.fixture
def control(emulator, client_of):
    return client_of(emulator, "bedrock")


def test_the_catalogue_has_many_vendors_and_kinds(control):
    models = control.list_foundation_models()["modelSummaries"]

    assert len({model["providerName"] for model in models}) >= 15
    assert {kind for model in models for kind in model["inferenceTypesSupported"]} == {
        "ON_DEMAND",
        "INFERENCE_PROFILE",
        "PROVISIONED",
    }
    assert {model["modelLifecycle"]["status"] for model in models} == {"ACTIVE", "LEGACY"}
    assert any("EMBEDDING" in model["outputModalities"] for model in models)
    assert any(not model["responseStreamingSupported"] for model in models)


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"byProvider": "Anthropic"}, lambda m: m["providerName"] == "Anthropic"),
        ({"byProvider": "meta"}, lambda m: m["providerName"] == "Meta"),
        ({"byOutputModality": "EMBEDDING"}, lambda m: m["outputModalities"] == ["EMBEDDING"]),
        (
            {"byInferenceType": "PROVISIONED"},
            lambda m: "PROVISIONED" in m["inferenceTypesSupported"],
        ),
        (
            {"byCustomizationType": "FINE_TUNING"},
            lambda m: "FINE_TUNING" in m["customizationsSupported"],
        ),
        (
            {"byProvider": "amazon", "byOutputModality": "TEXT"},
            lambda m: m["providerName"] == "Amazon" and "TEXT" in m["outputModalities"],
        ),
    ],
)
def test_filters(control, filters, holds):
    every = control.list_foundation_models()["modelSummaries"]
    some = control.list_foundation_models(**filters)["modelSummaries"]

    assert some == [model for model in every if holds(model)]
    assert 0 < len(some) < len(every)


def test_an_unknown_filter_value_is_refused(emulator):
    import urllib3

    with urllib3.PoolManager() as pool:
        answer = pool.request("GET", f"{emulator.url}/foundation-models?byOutputModality=SMELL")

    assert answer.status == 400
    assert "Member must satisfy enum value set" in answer.json()["message"]


def test_one_model(control):
    details = control.get_foundation_model(modelIdentifier=CLAUDE)["modelDetails"]

    assert details["modelId"] == CLAUDE
    assert details["modelArn"] == f"arn:aws:bedrock:us-east-1::foundation-model/{CLAUDE}"
    assert details["inferenceTypesSupported"] == ["INFERENCE_PROFILE"]
    by_arn = control.get_foundation_model(modelIdentifier=details["modelArn"])
    assert by_arn["modelDetails"] == details


def test_an_unknown_model(control):
    with pytest.raises(ClientError) as caught:
        control.get_foundation_model(modelIdentifier="acme.nothing-v1:0")

    assert caught.value.response["Error"]["Message"] == "The provided model identifier is invalid."


def test_profiles_come_in_pages(control):
    whole = control.list_inference_profiles(maxResults=1000)
    pages = list(
        control.get_paginator("list_inference_profiles").paginate(PaginationConfig={"PageSize": 7})
    )

    paged = [profile for page in pages for profile in page["inferenceProfileSummaries"]]
    assert paged == whole["inferenceProfileSummaries"]
    assert len(pages) > 3
    assert "nextToken" not in whole


def test_a_wrong_token_is_refused(control):
    with pytest.raises(ClientError) as caught:
        control.list_inference_profiles(nextToken="bm9uc2Vuc2U=")

    assert caught.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    ("region", "geographies"),
    [
        ("us-east-1", {"us", "global"}),
        ("eu-central-1", {"eu", "global"}),
        ("ap-northeast-1", {"apac", "jp", "global"}),
        ("us-gov-west-1", {"us-gov", "global"}),
    ],
)
def test_a_region_has_the_profiles_of_its_geographies(emulator, client_of, region, geographies):
    control = client_of(emulator, "bedrock", region_name=region)

    profiles = control.list_inference_profiles(maxResults=1000)["inferenceProfileSummaries"]

    ids = {profile["inferenceProfileId"].partition(".")[0] for profile in profiles}
    assert ids == geographies


def test_application_profiles_are_listed_when_asked_for(control):
    application = control.list_inference_profiles(typeEquals="APPLICATION")

    [first, *_] = application["inferenceProfileSummaries"]
    assert first["type"] == "APPLICATION"
    assert ":application-inference-profile/" in first["inferenceProfileArn"]
    assert (
        control.get_inference_profile(inferenceProfileIdentifier=first["inferenceProfileArn"])[
            "models"
        ]
        == first["models"]
    )


def test_one_profile_names_the_models_behind_it(control):
    profile = control.get_inference_profile(inferenceProfileIdentifier=f"us.{CLAUDE}")

    assert profile["status"] == "ACTIVE"
    assert [model["modelArn"] for model in profile["models"]] == [
        f"arn:aws:bedrock:{region}::foundation-model/{CLAUDE}"
        for region in ("us-east-1", "us-east-2", "us-west-2")
    ]


def test_an_unknown_profile(control):
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        control.get_inference_profile(inferenceProfileIdentifier="us.acme.nothing-v1:0")


def test_a_catalogue_of_ones_own(client_of, tmp_path):
    file = tmp_path / "models.json5"
    file.write_text(
        """{
          // only one model
          geographies: { mars: ["us-east-1"] },
          models: [{ id: "acme.rocket-v1:0", name: "Rocket", vendor: "Acme", on: "profile", geo: "mars" }],
        }"""
    )
    with Emulator(catalogue=file) as emulator:
        control = client_of(emulator, "bedrock")
        [model] = control.list_foundation_models()["modelSummaries"]
        [profile] = control.list_inference_profiles()["inferenceProfileSummaries"]

    assert model["providerName"] == "Acme"
    assert profile["inferenceProfileId"] == "mars.acme.rocket-v1:0"


def test_a_catalogue_may_add_to_the_default_one():
    models = [
        {"id": "acme.rocket-v1:0", "on": "od"},
        {"id": "ai21.jamba-1-5-mini-v1:0", "name": "Mine"},
    ]

    catalogue = load_catalogue({"extends": "default", "models": models})

    assert catalogue.find("acme.rocket-v1:0", None).vendor == "acme"
    assert catalogue.find("ai21.jamba-1-5-mini-v1:0", None).name == "Mine"
    assert catalogue.find("us.amazon.nova-lite-v1:0", "us-east-1").model.name == "Nova Lite"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"geographies": {}, "models": [{"name": "x"}]}, "models[0] lacks or does not know 'id'"),
        ({"geographies": {}, "models": [{"id": "a.b", "geo": "us"}]}, "does not know 'us'"),
        ({"geographies": {}, "models": [{"id": "a.b", "on": "x"}]}, "does not know 'x'"),
        (
            {"geographies": {}, "applicationProfiles": [{"id": "a", "source": "b"}]},
            "applicationProfiles[0] lacks or does not know 'b'",
        ),
    ],
)
def test_a_wrong_catalogue_names_the_place(document, words):
    with pytest.raises(EmulatorError) as caught:
        load_catalogue(document)

    assert words in str(caught.value)
