"""botocore sessions with an environment of their own.

botocore looks into `os.environ` in many places. Here every one that matters is given a mapping: the
configuration may add variables of its own, blank ones must not count, and tests and servers with
several tenants must not see each other's. The chain itself, its order and its protocols stay
botocore's.
"""

from __future__ import annotations

from functools import lru_cache
from os import devnull
from typing import TYPE_CHECKING, Any

from botocore import credentials as chain
from botocore.configprovider import ConfigChainFactory
from botocore.loaders import Loader, create_loader
from botocore.session import Session
from botocore.tokens import TokenProviderChain
from botocore.utils import InstanceMetadataFetcher, JSONFileCache, resolve_imds_endpoint_mode

from modelwire.errors import AuthenticationError
from modelwire_bedrock.aws.credentials.shared_files import read_shared_files
from modelwire_bedrock.aws.credentials.tokens import login_cache, sso_cache
from modelwire_bedrock.aws.endpoints import configured_endpoint
from modelwire_bedrock.aws.logging import show_credentials_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["open_session"]

_PROFILE_VARIABLES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
_MFA = "This role asks for an MFA code, which cannot be entered here."
_MFA_HINT = "Use `aws sso login`, or temporary keys from `aws sts get-session-token`."


def open_session(target: Target) -> Session:
    """Make a session for a target. Takes tens of milliseconds; uses no network."""
    show_credentials_source()
    session = _Session(target)
    # The profile is set below, and only if it is there.
    environ = {k: v for k, v in target.environ.items() if k not in _PROFILE_VARIABLES}
    variables = ConfigChainFactory(session, environ=environ)
    store = session.get_component("config_store")
    for name, (keys, names, default, convert) in Session.SESSION_VARIABLES.items():
        provider = variables.create_config_chain(
            instance_name=name,
            env_var_names=names,
            config_property_names=keys,
            default=default,
            conversion_func=convert,
        )
        store.set_config_provider(name, provider)
    _set_files(session, target)
    # `_Session.create_client` looks them up itself, in the environment that it was given.
    session.set_config_variable("ignore_configured_endpoint_urls", True)
    # Static keys, tokens and unsigned requests need no chain, and must not wait for one.
    needed = target.choice.kind in ("profile", "chain")
    providers = _providers(session, target) if needed else []
    session.register_component("credential_provider", chain.CredentialResolver(providers))
    session.register_component("token_provider", TokenProviderChain([]))
    return session


class _Session(Session):  # type: ignore[misc] # botocore has no types
    """A session whose clients find their endpoints in the target's environment."""

    def __init__(self, target: Target) -> None:
        super().__init__()
        self._target = target
        self.lazy_register_component("data_loader", self._shared_data)

    def _shared_data(self) -> Loader:
        return _loader(self.get_config_variable("data_path"))

    def create_client(self, service_name: str, *args: Any, **kwargs: Any) -> Any:
        if not args and kwargs.get("endpoint_url") is None:
            target = self._target
            kwargs["endpoint_url"] = configured_endpoint(
                service_name, target.environ, read_shared_files(target.environ), target.choice
            )
        kwargs.setdefault("region_name", self._target.region)
        return super().create_client(service_name, *args, **kwargs)


@lru_cache(maxsize=8)
def _loader(path: str | None) -> Loader:
    """The loader of botocore's service descriptions, which caches them.

    One for all sessions: the descriptions make nine tenths of the memory that a client takes, and most
    of the time until there is one.
    """
    return create_loader(path)


def _set_files(session: Session, target: Target) -> None:
    """Set the profile and the files; keys and tokens work where these are missing or broken."""
    files = read_shared_files(target.environ)
    needed = target.choice.kind in ("profile", "chain")
    if target.profile is not None and (needed or target.profile in files.profiles):
        session.set_config_variable("profile", target.profile)
    readable = needed or files.problem is None
    session.set_config_variable("config_file", target.config_file if readable else devnull)
    session.set_config_variable(
        "credentials_file", target.credentials_file if readable else devnull
    )


def _providers(session: Session, target: Target) -> list[Any]:
    """The chain of botocore, in its order, each part looking into the target's environment."""
    environ = dict(target.environ)
    cache: dict[str, Any] = {}
    name = target.profile or "default"
    environment = chain.EnvProvider(environ)
    container = chain.ContainerProvider(environ)
    instance = chain.InstanceMetadataProvider(iam_role_fetcher=_metadata(session, environ))
    builder = chain.ProfileProviderBuilder(
        session,
        cache=cache,
        region_name=target.region,
        sso_token_cache=JSONFileCache(str(sso_cache(environ))),
        login_token_cache=JSONFileCache(str(login_cache(environ))),
    )
    role = chain.AssumeRoleProvider(
        load_config=lambda: session.full_config,
        client_creator=_creator(session),
        cache=cache,
        profile_name=name,
        prompter=_refuse_mfa,
        credential_sourcer=chain.CanonicalNameCredentialSourcer([environment, container, instance]),
        profile_provider_builder=builder,
    )
    of_profile = builder.providers(profile_name=name, disable_env_vars=True)
    before: list[Any] = [role]
    if not target.choice.in_config:
        before = [environment, role, *_web_identity(session, environ, cache)]
    after = [chain.OriginalEC2Provider(environ), chain.BotoProvider(environ), container, instance]
    return [*before, *of_profile, *after]


def _web_identity(session: Session, environ: dict[str, str], cache: dict[str, Any]) -> list[Any]:
    token_file = environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
    if not token_file:
        return []
    settings = {
        "web_identity_token_file": token_file,
        "role_arn": environ.get("AWS_ROLE_ARN"),
        "role_session_name": environ.get("AWS_ROLE_SESSION_NAME"),
    }
    return [
        chain.AssumeRoleWithWebIdentityProvider(
            load_config=lambda: {"profiles": {"environment": settings}},
            client_creator=_creator(session),
            profile_name="environment",
            cache=cache,
            disable_env_vars=True,
        )
    ]


def _metadata(session: Session, environ: dict[str, str]) -> InstanceMetadataFetcher:
    endpoint = session.get_config_variable("ec2_metadata_service_endpoint")
    return InstanceMetadataFetcher(
        timeout=session.get_config_variable("metadata_service_timeout"),
        num_attempts=session.get_config_variable("metadata_service_num_attempts"),
        user_agent=session.user_agent(),
        env=environ,
        config={
            "ec2_metadata_service_endpoint": endpoint,
            "ec2_metadata_service_endpoint_mode": resolve_imds_endpoint_mode(session),
            "ec2_credential_refresh_window": 15 * 60,
            "ec2_metadata_v1_disabled": session.get_config_variable("ec2_metadata_v1_disabled"),
        },
    )


def _creator(session: Session) -> Callable[..., Any]:
    def create(service: str, **kwargs: Any) -> Any:
        return session.create_client(service, **kwargs)

    return create


def _refuse_mfa(_: str) -> str:
    # botocore would ask for the code on the terminal, in the middle of whatever runs there.
    raise AuthenticationError(_MFA, hint=_MFA_HINT)
