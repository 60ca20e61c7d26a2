"""The control plane: listing and describing models and inference profiles."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from modelwire_bedrock.emulator.catalogue import Catalogue, FoundationModel, InferenceProfile
from modelwire_bedrock.emulator.errors import Refusal, validation

__all__ = ["answer_control"]

PAGE = 100
_TIMESTAMP = "2025-02-01T00:00:00Z"


def answer_control(
    operation: str, parameters: Mapping[str, Any], catalogue: Catalogue, region: str
) -> dict[str, Any]:
    """Answer a control-plane request for one region.

    Raises:
        Refusal: The requested resource does not exist.
    """
    return _OPERATIONS[operation](parameters, catalogue, region)


def _list_models(
    parameters: Mapping[str, Any], catalogue: Catalogue, region: str
) -> dict[str, Any]:
    vendor = str(parameters.get("byProvider", "")).lower()
    output = parameters.get("byOutputModality")
    inference = parameters.get("byInferenceType")
    customization = parameters.get("byCustomizationType")

    def wanted(model: FoundationModel) -> bool:
        vendors = (model.vendor.lower(), model.id.partition(".")[0])
        return (
            (not vendor or vendor in vendors)
            and (output is None or output.lower() in model.output)
            and (inference is None or inference in model.inference)
            and (customization is None or customization in model.customizations)
        )

    models = [model for model in catalogue.models.values() if wanted(model)]
    return {"modelSummaries": [_model_details(model, catalogue, region) for model in models]}


def _get_model(parameters: Mapping[str, Any], catalogue: Catalogue, region: str) -> dict[str, Any]:
    found = catalogue.find(parameters["modelIdentifier"], region)
    if not isinstance(found, FoundationModel):
        raise validation("The provided model identifier is invalid.")
    return {"modelDetails": _model_details(found, catalogue, region)}


def _list_profiles(
    parameters: Mapping[str, Any], catalogue: Catalogue, region: str
) -> dict[str, Any]:
    kind = parameters.get("typeEquals", "SYSTEM_DEFINED")
    profiles = [
        profile
        for profile in catalogue.profiles.values()
        if profile.kind == kind and profile.serves(region)
    ]
    start = _read_token(parameters.get("nextToken"), len(profiles))
    end = start + parameters.get("maxResults", PAGE)
    page = [_profile_details(profile, catalogue, region) for profile in profiles[start:end]]
    more = {"nextToken": _token(end)} if end < len(profiles) else {}
    return {"inferenceProfileSummaries": page, **more}


def _get_profile(
    parameters: Mapping[str, Any], catalogue: Catalogue, region: str
) -> dict[str, Any]:
    identifier = parameters["inferenceProfileIdentifier"]
    found = catalogue.find(identifier, region) or catalogue.profiles.get(identifier)
    if not isinstance(found, InferenceProfile):
        msg = f"Inference profile {identifier} not found"
        raise Refusal("ResourceNotFoundException", msg)
    return _profile_details(found, catalogue, region)


_OPERATIONS: dict[str, Callable[[Mapping[str, Any], Catalogue, str], dict[str, Any]]] = {
    "GetFoundationModel": _get_model,
    "GetInferenceProfile": _get_profile,
    "ListFoundationModels": _list_models,
    "ListInferenceProfiles": _list_profiles,
}


def _model_details(model: FoundationModel, catalogue: Catalogue, region: str) -> dict[str, Any]:
    return {
        "modelArn": catalogue.model_arn(model, region),
        "modelId": model.id,
        "modelName": model.name,
        "providerName": model.vendor,
        "inputModalities": [kind.upper() for kind in model.input],
        "outputModalities": [kind.upper() for kind in model.output],
        "responseStreamingSupported": model.streaming,
        "customizationsSupported": list(model.customizations),
        "inferenceTypesSupported": list(model.inference),
        "modelLifecycle": {"status": model.lifecycle},
    }


def _profile_details(
    profile: InferenceProfile, catalogue: Catalogue, region: str
) -> dict[str, Any]:
    regions = [region] if "*" in profile.regions else list(profile.regions)
    arns = [catalogue.model_arn(profile.model, each) for each in regions]
    return {
        "inferenceProfileArn": catalogue.profile_arn(profile, region),
        "inferenceProfileId": profile.id,
        "inferenceProfileName": profile.name,
        "description": f"Routes requests to {profile.model.name}.",
        "models": [{"modelArn": arn} for arn in arns],
        "status": "ACTIVE",
        "type": profile.kind,
        "createdAt": _TIMESTAMP,
        "updatedAt": _TIMESTAMP,
    }


def _token(position: int) -> str:
    return base64.urlsafe_b64encode(f"page:{position}".encode()).decode("ascii")


def _read_token(token: str | None, total: int) -> int:
    if token is None:
        return 0
    try:
        position = int(base64.urlsafe_b64decode(token).decode().removeprefix("page:"))
    except ValueError:
        position = -1
    if not 0 < position <= total:
        raise validation("The provided token is invalid.")
    return position
