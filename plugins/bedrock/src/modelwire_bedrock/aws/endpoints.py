"""The target of a request: endpoint, region and identity."""

from __future__ import annotations

import weakref
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from modelwire.errors import ConfigError, Problem
from modelwire.redaction import url_repr
from modelwire_bedrock.aws.credentials.choice import CredentialChoice, choose
from modelwire_bedrock.aws.credentials.environment import effective_environ, environ_stamp
from modelwire_bedrock.aws.credentials.shared_files import SharedFiles, read_shared_files
from modelwire_bedrock.aws.credentials.source import identity_of
from modelwire_bedrock.aws.regions import AwsAddress, aws_address, first_region, region_of_arn
from modelwire_bedrock.settings import AccessSettings, access_settings, region_of_discovery

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig

__all__ = ["Target", "configured_endpoint", "resolve_target"]

_NO_PARAMS: Mapping[str, Any] = {}


@frozen(cache_hash=True)
class Target:
    """A region, an endpoint and an identity. Two equal ones can share clients and connections.

    Attributes:
        region: The region to sign for.
        region_source: Its source, such as `env: AWS_REGION`; `default` where none is configured.
        choice: Which credentials to use.
        identity: Whose credentials these are, without a secret.
        endpoint_url: Where the runtime is, or `None` for the region's own endpoint.
        control_url: Where the control plane is, or `None` for the region's own endpoint.
        use_fips: Whether to use FIPS 140 endpoints; `None` leaves it to the environment and files.
        use_dual_stack: Whether to use endpoints with IPv6; `None` likewise.
        ca_bundle: The file of certificates that `AWS_CA_BUNDLE` or the profile names.
        config_file: The shared configuration file.
        credentials_file: The shared credentials file.
        version: Changes with the AWS variables and with the shared files.
        environ: The variables, as `effective_environ` gives them.
    """

    region: str
    region_source: str
    choice: CredentialChoice
    identity: str
    endpoint_url: str | None = field(default=None, repr=url_repr)
    control_url: str | None = field(default=None, repr=url_repr)
    use_fips: bool | None = None
    use_dual_stack: bool | None = None
    ca_bundle: str | None = None
    config_file: str = ""
    credentials_file: str = ""
    version: tuple[object, ...] = ()
    environ: Mapping[str, str] = field(factory=dict, repr=False, eq=False)

    @property
    def of_credentials(self) -> Target:
        """The same target without its addresses, since credentials apply to all of them."""
        return evolve(self, endpoint_url=None, control_url=None, region_source="")

    @property
    def control_plane(self) -> tuple[str, str, str | None]:
        """The scope of a list of models: identity, region and the control plane's address."""
        return (self.identity, self.region, self.control_url)

    @property
    def runtime(self) -> tuple[str, str, str | None]:
        """The scope of a refused model id: identity, region and the runtime's address."""
        return (self.identity, self.region, self.endpoint_url)

    @property
    def profile(self) -> str | None:
        """The profile, or `None` for the default one."""
        return self.choice.profile

    @property
    def skip_auth(self) -> bool:
        """Whether requests are sent unsigned."""
        return self.choice.kind == "none"

    @property
    def bearer_token(self) -> str | None:
        """The token that requests carry instead of a signature."""
        return self.choice.bearer_token


def resolve_target(
    model_id: str | None,
    base_url: str | None,
    provider: ProviderConfig,
    config: Config,
    params: Mapping[str, Any] = _NO_PARAMS,
    *,
    discovery_region: str | None = None,
) -> Target:
    """Decide the address and the credentials of a request, without the network.

    The region is the first of: `params["region"]`; the one in the model's ARN; the one that the
    provider's configuration names; the one in the model's or provider's AWS address; the one of
    the discovery settings; `AWS_REGION`; `AWS_DEFAULT_REGION`; the profile's; `us-east-1`.

    An address of AWS that is no more than the name of a region does not pin the endpoint: with an
    ARN of another region the request goes there. FIPS and dual-stack addresses keep being that in
    any region. Every other address is used unchanged.

    Args:
        model_id: The model, which may be an ARN; `None` for the control plane.
        base_url: The model's own address, or `None`.
        provider: The provider's configuration.
        config: The whole configuration, for its environment.
        params: Request parameters; `region` and `profile` are read.
        discovery_region: The region to list models of; it precedes every other.

    Raises:
        ConfigError: A setting is not valid.
    """
    inputs = (model_id, base_url, params.get("region"), params.get("profile"), discovery_region)
    if not all(type(part) in _PLAIN for part in inputs):
        return _decide(model_id, base_url, provider, config, params, discovery_region)[-1]
    known = _known.get(config, provider, inputs)
    if known is not None and known.files is read_shared_files(known.environ):
        return known.target
    decided = _decide(model_id, base_url, provider, config, params, discovery_region)
    _known.keep(config, provider, inputs, decided)
    return decided[-1]


_MOST = 256


@frozen
class _Decision:
    environ: Mapping[str, str]
    files: SharedFiles
    target: Target


class _KnownTargets:
    """Targets by what they were decided from.

    Configurations do not change, and are compared by identity; they are not kept alive.
    Shared AWS files are known by their stamps.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[weakref.ref[Any], weakref.ref[Any], _Decision]] = {}

    def get(
        self, config: Config, provider: ProviderConfig, inputs: tuple[Any, ...]
    ) -> _Decision | None:
        """The cached decision, with the files and variables that it depends on.

        Args:
            config: The whole configuration.
            provider: The provider's part of it.
            inputs: The other inputs of the decision: the model, addresses and regions.
        """
        found = self._known.get((id(config), id(provider), inputs))
        if found is None or found[0]() is not config or found[1]() is not provider:
            return None
        return found[2]

    def keep(
        self,
        config: Config,
        provider: ProviderConfig,
        inputs: tuple[Any, ...],
        known: tuple[Mapping[str, str], SharedFiles, Target],
    ) -> None:
        """Keep a target, with the variables and the files that it was decided from."""
        if len(self._known) >= _MOST:
            self._known.clear()
        key = (id(config), id(provider), inputs)
        self._known[key] = (weakref.ref(config), weakref.ref(provider), _Decision(*known))


_PLAIN = (str, type(None))
_known = _KnownTargets()


def _decide(
    model_id: str | None,
    base_url: str | None,
    provider: ProviderConfig,
    config: Config,
    params: Mapping[str, Any],
    discovery_region: str | None,
) -> tuple[dict[str, str], SharedFiles, Target]:
    """The target, and the variables and the files that it was decided from."""
    environ = effective_environ(config.environ)
    files = read_shared_files(environ)
    access = _of_this_call(access_settings(provider, environ), params)
    choice = choose(access, environ)
    profile = files.profile(choice.profile)
    url = (base_url or "").strip() or access.base_url
    of_provider = url == access.base_url
    address_source = f"models.providers.{provider.id}.baseUrl" if of_provider else "model baseUrl"
    address = aws_address(url)
    region = first_region(
        [
            (discovery_region, "discovery.region"),
            (_text(params, "region"), "params.region"),
            (region_of_arn(model_id or ""), "model ARN"),
            (access.region, f"models.providers.{provider.id}.region"),
            (address.region if address else None, address_source),
            (region_of_discovery(config, provider.id), "discovery.region"),
            (environ.get("AWS_REGION"), "env: AWS_REGION"),
            (environ.get("AWS_DEFAULT_REGION"), "env: AWS_DEFAULT_REGION"),
            (_string(profile.get("region")), f"profile: {choice.profile or 'default'}"),
        ]
    )
    pinned = url if address is None or address.private else None
    target = Target(
        region=region.name,
        region_source=region.source,
        choice=choice,
        identity=identity_of(choice, files, environ),
        endpoint_url=pinned or configured_endpoint("bedrock-runtime", environ, files, choice),
        control_url=configured_endpoint("bedrock", environ, files, choice)
        or (url if address is None else None),
        use_fips=_kept(address, "fips"),
        use_dual_stack=_kept(address, "dual_stack"),
        ca_bundle=environ.get("AWS_CA_BUNDLE") or _string(profile.get("ca_bundle")),
        config_file=str(files.config_path),
        credentials_file=str(files.credentials_path),
        version=(environ_stamp(environ), *files.stamp),
        environ=environ,
    )
    return environ, files, target


def configured_endpoint(
    service: str, environ: Mapping[str, str], files: SharedFiles, choice: CredentialChoice
) -> str | None:
    """The endpoint that variables or the profile give a service.

    In the order of the AWS SDKs: `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the service's
    `endpoint_url` in the profile's `services` section, the profile's `endpoint_url`. All of them
    are ignored where `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` or its setting is true.
    """
    profile = files.profile(choice.profile)
    ignore = environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") or _string(
        profile.get("ignore_configured_endpoint_urls")
    )
    if (ignore or "").lower() == "true":
        return None
    name = service.replace("-", "_")
    section = files.services.get(_string(profile.get("services")) or "", {}).get(name, {})
    return (
        environ.get(f"AWS_ENDPOINT_URL_{name.upper()}")
        or environ.get("AWS_ENDPOINT_URL")
        or (_string(section.get("endpoint_url")) if isinstance(section, Mapping) else None)
        or _string(profile.get("endpoint_url"))
    )


def _of_this_call(access: AccessSettings, params: Mapping[str, Any]) -> AccessSettings:
    """Replace the provider's access settings where the call names a profile."""
    profile = _text(params, "profile")
    if profile is None:
        return access
    return AccessSettings(region=access.region, base_url=access.base_url, profile=profile)


def _kept(address: AwsAddress | None, name: str) -> bool | None:
    return True if address and not address.private and getattr(address, name) else None


def _text(params: Mapping[str, Any], key: str) -> str | None:
    value = params.get(key)
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    problem = Problem(f"params.{key}", "expected a string")
    raise ConfigError("A request parameter is not valid.", problems=[problem])


def _string(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
