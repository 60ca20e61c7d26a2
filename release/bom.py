"""The bill of materials: the packages of a release and their dependencies, as CycloneDX JSON.

pip resolves the dependencies, with the versions and hashes of the lock files, and reports the
archives that it would install with their metadata. Nothing is installed or run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.contrib.this.builders import this_component
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License, LicenseAcknowledgement
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.spdx import fixup_id, is_expression
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

__all__ = ["BillOfMaterials", "DependencyError", "Resolution", "bill_of_materials"]

_CORE = "modelwire"
_TOOLS = ("hatchling", "pip")


class DependencyError(Exception):
    """The dependencies cannot be resolved to what a lock file pins."""


class Resolution(NamedTuple):
    """Packages whose dependencies are resolved together.

    Attributes:
        lock: The versions and hashes of their dependencies, as pip reads them.
        wheels: The packages, each with its SHA-256.
    """

    lock: Path
    wheels: Mapping[Path, str]


class BillOfMaterials(NamedTuple):
    """A bill of materials: the name of its file, and its text."""

    name: str
    text: str


def bill_of_materials(
    archives: Mapping[Path, str], resolutions: Sequence[Resolution], *, commit: str, time: int
) -> BillOfMaterials:
    """Write the bill of materials of a release.

    Args:
        archives: The wheels and source archives of the release, each with its SHA-256.
        resolutions: The wheels, by how their dependencies are resolved; a wheel may be in several.
        commit: The commit that the release is built from.
        time: The time of the bill of materials, in seconds since 1970.

    Raises:
        DependencyError: A dependency is not in its lock file, or is not what that says.
    """
    resolved = [_resolved(resolution) for resolution in resolutions]
    entries = {_url(entry): entry for installed in resolved for entry in installed}
    components = {url: _component(entry, archives) for url, entry in entries.items()}
    ours = [components[url] for url, entry in entries.items() if entry["is_direct"]]
    bom = Bom(components=components.values())
    release = Component(
        name=f"{_CORE}-release",
        version=next(component.version for component in ours if component.name == _CORE),
        type=ComponentType.FRAMEWORK,
        bom_ref="release",
        description="The packages of modelwire that are released together.",
    )
    bom.metadata.component = release
    bom.metadata.timestamp = datetime.fromtimestamp(time, UTC)
    bom.metadata.tools.components.update(_tools())
    bom.metadata.properties.update(_properties(commit))
    bom.register_dependency(release, ours)
    for installed in resolved:
        named = {_name(entry): components[_url(entry)] for entry in installed}
        for entry in installed:
            needed = [named[name] for name in _needs(entry) if name in named]
            bom.register_dependency(named[_name(entry)], needed)
    # The serial number must be unique to a bill of materials, so it is derived from the content.
    bom.serial_number = uuid.UUID(int=0)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_OID, _json(bom))
    return BillOfMaterials(f"{_CORE}-{release.version}.cdx.json", f"{_json(bom)}\n")


def _resolved(resolution: Resolution) -> list[dict[str, Any]]:
    """The packages that pip would install, as in its report."""
    lock, wheels = resolution
    lines = [f"{path.as_uri()} --hash=sha256:{digest}\n" for path, digest in wheels.items()]
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder, "requirements.txt")
        requirements.write_text("".join(lines), encoding="utf-8")
        command = [sys.executable, "-I", "-m", "pip", "install", "--dry-run", "--ignore-installed"]
        command += ["--quiet", "--only-binary=:all:", "--require-hashes", "--report=-"]
        command += ["--requirement", str(requirements), "--requirement", str(lock)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        msg = (
            f"pip cannot resolve the dependencies as {lock.name} pins them:\n{done.stderr.strip()}"
            f"\nIf a package needs something new or newer, run `make lock` and commit."
        )
        raise DependencyError(msg)
    installed: list[dict[str, Any]] = json.loads(done.stdout)["install"]
    return installed


def _component(entry: Mapping[str, Any], archives: Mapping[Path, str]) -> Component:
    metadata, download = entry["metadata"], entry["download_info"]
    name, release = metadata["name"], metadata["version"]
    digest = download["archive_info"]["hashes"]["sha256"]
    files = {unquote(urlsplit(download["url"]).path).rpartition("/")[2]: digest}
    if entry["is_direct"]:
        stem = f"{canonicalize_name(name).replace('-', '_')}-{release}"
        files |= {p.name: d for p, d in archives.items() if p.name == f"{stem}.tar.gz"}
    purl = _url(entry)
    return Component(
        name=name,
        version=release,
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        description=metadata.get("summary"),
        hashes=[_hash(digest)],
        licenses=_licenses(metadata),
        external_references=[
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION, url=XsUri(file), hashes=[_hash(sum_)]
            )
            for file, sum_ in files.items()
        ],
    )


def _licenses(metadata: Mapping[str, Any]) -> Iterator[License]:
    """The licences that a package declares: SPDX expressions where possible, else names."""
    stated = metadata.get("license_expression") or metadata.get("license") or ""
    named = [
        classifier.rpartition(" :: ")[2]
        for classifier in metadata.get("classifier", [])
        if classifier.startswith("License :: ")
    ]
    # Of old packages, the field may hold any words, or the whole text of the licence.
    if stated and "\n" not in stated and (_is_spdx(stated) or not named):
        named = [stated]
    for text in named:
        yield LicenseFactory().make_from_string(
            text, license_acknowledgement=LicenseAcknowledgement.DECLARED
        )


def _is_spdx(text: str) -> bool:
    return fixup_id(text) is not None or is_expression(text)


def _needs(entry: Mapping[str, Any]) -> Iterator[NormalizedName]:
    """The names of the packages that a package needs here, without its extras."""
    for line in entry["metadata"].get("requires_dist", []):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


def _tools() -> Iterator[Component]:
    yield this_component()
    for name in _TOOLS:
        yield Component(name=name, version=version(name), type=ComponentType.APPLICATION)


def _properties(commit: str) -> Iterator[Property]:
    """The commit, and the platform that decides which archives of dependencies fit."""
    yield Property(name="modelwire:commit", value=commit)
    yield Property(name="modelwire:python", value=sysconfig.get_python_version())
    yield Property(name="modelwire:platform", value=sysconfig.get_platform())


def _hash(digest: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)


def _url(entry: Mapping[str, Any]) -> PackageURL:
    return PackageURL("pypi", name=_name(entry), version=entry["metadata"]["version"])


def _name(entry: Mapping[str, Any]) -> NormalizedName:
    return canonicalize_name(entry["metadata"]["name"])


def _json(bom: Bom) -> str:
    return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)
