"""The models and inference profiles that the emulated account has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from attrs import field, frozen

from modelwire_bedrock.emulator.apis.mantle import MantleModel, read_mantle_model
from modelwire_bedrock.emulator.documents import read_document
from modelwire_bedrock.emulator.errors import EmulatorError
from modelwire_bedrock.emulator.guardrails import Guardrail

__all__ = ["Catalogue", "FoundationModel", "InferenceProfile", "load_catalogue"]

DEFAULT = Path(__file__).with_name("catalogue.json5")

_ON = {
    "od": ("ON_DEMAND",),
    "profile": ("INFERENCE_PROFILE",),
    "both": ("ON_DEMAND", "INFERENCE_PROFILE"),
    "provisioned": ("PROVISIONED",),
}
_ARN = re.compile(
    r"arn:aws(?:-[a-z-]+)?:bedrock:(?P<region>[a-z0-9-]*):(?P<account>\d*):(?P<kind>[a-z-]+)/(?P<id>.+)"
)


@frozen
class FoundationModel:
    """A model, as ListFoundationModels knows it.

    Attributes:
        id: The `modelId`.
        name: The `modelName`.
        vendor: The `providerName`.
        input: Input modalities, such as `text`, `image`, `video`, `speech`.
        output: Output modalities.
        inference: `inferenceTypesSupported`.
        geographies: The geographies with a system-defined profile of it.
        lifecycle: `ACTIVE` or `LEGACY`.
        streaming: Whether it can stream.
        customizations: `customizationsSupported`.
    """

    id: str
    name: str
    vendor: str
    input: tuple[str, ...] = ("text",)
    output: tuple[str, ...] = ("text",)
    inference: tuple[str, ...] = ("ON_DEMAND",)
    geographies: tuple[str, ...] = ()
    lifecycle: str = "ACTIVE"
    streaming: bool = True
    customizations: tuple[str, ...] = ()

    @property
    def on_demand(self) -> bool:
        """Whether its own id can be called."""
        return "ON_DEMAND" in self.inference


@frozen
class InferenceProfile:
    """An inference profile.

    Attributes:
        id: The `inferenceProfileId`.
        name: The `inferenceProfileName`.
        model: The model that it runs.
        kind: `SYSTEM_DEFINED` or `APPLICATION`.
        regions: The regions that it routes to; `*` is every region.
        sources: Further regions that it can be called from.
    """

    id: str
    name: str
    model: FoundationModel
    kind: str
    regions: tuple[str, ...]
    sources: tuple[str, ...] = ()

    def serves(self, region: str) -> bool:
        """Whether it is offered in a region."""
        return "*" in self.regions or region in self.regions or region in self.sources


@frozen
class Catalogue:
    """All models and profiles of the account."""

    account_id: str
    models: Mapping[str, FoundationModel]
    profiles: Mapping[str, InferenceProfile]
    geographies: Mapping[str, tuple[str, ...]] = field(factory=dict)
    guardrails: Mapping[str, Guardrail] = field(factory=dict)
    mantle: Mapping[str, MantleModel] = field(factory=dict)

    def find_mantle(self, model_id: str, region: str | None) -> MantleModel | None:
        """Find a model of the second endpoint in a region; `None` for the region is any."""
        found = self.mantle.get(model_id)
        return found if found is not None and found.serves(region) else None

    def model_behind(self, found: MantleModel) -> FoundationModel:
        """The foundation model behind one of the second endpoint."""
        vendor = found.id.partition(".")[0]
        return self.models.get(found.of) or FoundationModel(found.id, found.id, vendor)

    def find(self, model_id: str, region: str | None) -> FoundationModel | InferenceProfile | None:
        """Find what a `modelId` of a request names: an id, a profile's id, or an ARN of either.

        A profile is not found in a region that its geography does not have; `None` for the region
        finds it anywhere.
        """
        arn = _ARN.fullmatch(model_id)
        name = arn["id"] if arn else model_id
        if arn and arn["kind"] == "foundation-model":
            return self.models.get(name)
        profile = self.profiles.get(name)
        if profile is not None:
            addressed = profile.kind == "SYSTEM_DEFINED" or arn is not None
            return profile if addressed and (region is None or profile.serves(region)) else None
        return None if arn else self.models.get(name)

    def model_arn(self, model: FoundationModel, region: str) -> str:
        """The ARN of a foundation model."""
        return f"arn:{_partition(region)}:bedrock:{region}::foundation-model/{model.id}"

    def profile_arn(self, profile: InferenceProfile, region: str) -> str:
        """The ARN of an inference profile."""
        kind = "inference-profile"
        if profile.kind == "APPLICATION":
            kind = "application-inference-profile"
        owner = f"arn:{_partition(region)}:bedrock:{region}:{self.account_id}"
        return f"{owner}:{kind}/{profile.id}"


def load_catalogue(source: Path | Mapping[str, Any] | None = None) -> Catalogue:
    """Read a catalogue from a file or plain data; by default the emulator's own.

    `extends: "default"` in it adds its models to those of the emulator; the same id replaces one.

    Raises:
        EmulatorError: It cannot be read, or an entry lacks something.
    """
    if source is None:
        return _default()
    document = read_document(source) if isinstance(source, Path) else source
    place = str(source) if isinstance(source, Path) else "the catalogue"
    base = read_document(DEFAULT) if document.get("extends") == "default" else {}
    return _catalogue(_joined(base, document), place)


@cache
def _default() -> Catalogue:
    return _catalogue(read_document(DEFAULT), str(DEFAULT))


def _joined(base: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    joined = {**base, **document}
    for key in ("models", "applicationProfiles", "guardrails", "mantle"):
        own = list(document.get(key, ()))
        ids = {entry.get("id") for entry in own}
        joined[key] = [entry for entry in base.get(key, ()) if entry["id"] not in ids] + own
    for key in ("geographies", "sources"):
        joined[key] = {**base.get(key, {}), **document.get(key, {})}
    return joined


def _catalogue(document: Mapping[str, Any], place: str) -> Catalogue:
    geographies = {name: tuple(regions) for name, regions in document["geographies"].items()}
    further = document.get("sources", {})
    models: dict[str, FoundationModel] = {}
    profiles: dict[str, InferenceProfile] = {}
    for at, entry in enumerate(document.get("models", ())):
        try:
            model = _model(entry)
            models[model.id] = model
            for geography in model.geographies:
                id_ = f"{geography}.{model.id}"
                name = f"{geography.upper()} {model.vendor} {model.name}"
                regions = geographies[geography]
                sources = tuple(further.get(geography, ()))
                sources += _words(entry.get("from", "")) if geography == "us" else ()
                profiles[id_] = InferenceProfile(
                    id_, name, model, "SYSTEM_DEFINED", regions, sources
                )
        except KeyError as error:
            msg = f"{place}: models[{at}] lacks or does not know {error}."
            raise EmulatorError(msg) from error
    for at, entry in enumerate(document.get("applicationProfiles", ())):
        try:
            profiles[entry["id"]] = _application(entry, models, profiles)
        except KeyError as error:
            msg = f"{place}: applicationProfiles[{at}] lacks or does not know {error}."
            raise EmulatorError(msg) from error
    account = str(document.get("accountId", "111122223333"))
    second = [_mantle(entry, at, place) for at, entry in enumerate(document.get("mantle", ()))]
    rails = [_guardrail(entry, place) for entry in document.get("guardrails", ())]
    by_id = {one.id: one for one in rails}
    return Catalogue(account, models, profiles, geographies, by_id, {one.id: one for one in second})


def _mantle(entry: Mapping[str, Any], at: int, place: str) -> MantleModel:
    try:
        return read_mantle_model(entry)
    except KeyError as error:
        msg = f"{place}: mantle[{at}] lacks or does not know {error}."
        raise EmulatorError(msg) from error


def _guardrail(entry: Mapping[str, Any], place: str) -> Guardrail:
    if "id" not in entry:
        msg = f"{place}: a guardrail lacks its id."
        raise EmulatorError(msg)
    usual = Guardrail(entry["id"])
    return Guardrail(
        id=entry["id"],
        version=str(entry.get("version", usual.version)),
        words=_words(entry.get("words", "")),
        mask=dict(entry.get("mask", {})),
        blocked_input=entry.get("blockedInput", usual.blocked_input),
        blocked_output=entry.get("blockedOutput", usual.blocked_output),
    )


def _model(entry: Mapping[str, Any]) -> FoundationModel:
    return FoundationModel(
        id=entry["id"],
        name=entry.get("name", entry["id"]),
        vendor=entry.get("vendor", entry["id"].partition(".")[0]),
        input=_words(entry.get("input", "text")),
        output=_words(entry.get("output", "text")),
        inference=_ON[entry.get("on", "od")],
        geographies=_words(entry.get("geo", "")),
        lifecycle=entry.get("life", "ACTIVE"),
        streaming=entry.get("stream", True),
        customizations=_words(entry.get("custom", "")),
    )


def _application(
    entry: Mapping[str, Any],
    models: Mapping[str, FoundationModel],
    profiles: Mapping[str, InferenceProfile],
) -> InferenceProfile:
    source = entry["source"]
    base = profiles.get(source)
    model = base.model if base is not None else models[source]
    regions = base.regions if base is not None else ("*",)
    sources = base.sources if base is not None else ()
    name = entry.get("name", entry["id"])
    return InferenceProfile(entry["id"], name, model, "APPLICATION", regions, sources)


def _words(value: str | list[str]) -> tuple[str, ...]:
    return tuple(value.split()) if isinstance(value, str) else tuple(value)


def _partition(region: str) -> str:
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws-cn" if region.startswith("cn-") else "aws"
