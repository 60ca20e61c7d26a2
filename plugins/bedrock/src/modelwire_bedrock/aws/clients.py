"""boto3 clients: made off the event loop, cached, and with refreshed credentials.

A client prepares and signs requests; it does not send them. Making one costs a tenth of a second
and more, and loads credentials, which may take seconds; so both happen in a thread, once for all who
wait.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from attrs import field, frozen

from modelwire.authoring import SingleFlight
from modelwire.errors import ConfigError
from modelwire.forks import ForkSafeLock, after_fork, importing
from modelwire_bedrock.aws.credentials.refresh import RefreshableCredentials, StaticKeys
from modelwire_bedrock.aws.service_hosts import is_loopback

if TYPE_CHECKING:
    from modelwire_bedrock.aws.credentials.choice import CredentialChoice
    from modelwire_bedrock.aws.endpoints import Target
    from modelwire_bedrock.aws.sigv4 import SignedWith

__all__ = ["Clients", "Service", "shared_clients"]

Service = Literal["bedrock-runtime", "bedrock", "s3"]

_THREAD = "modelwire-bedrock"
_MOST = 64
"""Clients that are kept. A server with more tenants than that makes some of them again."""
_NO_ENDPOINT_HINT = (
    "Check the region, and whether it has the endpoints that AWS_USE_FIPS_ENDPOINT, "
    "AWS_USE_DUALSTACK_ENDPOINT or baseUrl ask for."
)


@frozen(eq=False)
class _SessionState:
    """The state kept for one target."""

    session: Any
    lease: RefreshableCredentials | None
    making: ForkSafeLock = field(factory=ForkSafeLock)


class Clients:
    """The clients of this process, by service and target. Safe with threads and event loops."""

    def __init__(self) -> None:
        self._lock = ForkSafeLock()
        self._begin_again()
        after_fork(self._begin_again)
        self._opening: SingleFlight[_SessionState] = SingleFlight(_THREAD)
        self._making: SingleFlight[Any] = SingleFlight(_THREAD)
        self._renewing: SingleFlight[None] = SingleFlight(_THREAD)

    async def get(self, service: Service, target: Target) -> Any:
        """The client of a service for a target.

        Its own retries are off: a request that it prepares is sent by code that retries.

        Raises:
            AuthenticationError: There are no credentials, or they cannot be loaded.
            ConnectionFailed: The source of the credentials cannot be reached.
            ConfigError: The shared AWS files or the endpoint cannot be used.
        """
        client = self._clients.get((service, target))
        if client is None:
            state = await self._state(target)
            make = partial(self._make, service, target, state)
            client = await self._making.run((service, target, id(state)), make)
        return client

    async def fresh(self, client: Any) -> None:
        """See to it that the client's credentials outlast a request that is signed now.

        While they are good for more than a minute no request waits: they are renewed beside the
        requests, from a quarter of an hour before they expire.

        Raises:
            AuthenticationError: They expired and cannot be renewed.
            ConnectionFailed: Their source cannot be reached.
        """
        target, state = self._owners.get(client, (None, None))
        if target is not None and state is not None:
            await self._renewed(target, state)

    async def credentials(self, target: Target) -> RefreshableCredentials:
        """The credentials of a target, which outlast a request that is signed now.

        They are those that its clients sign with; no client is made.

        Raises:
            AuthenticationError: There are none, or they expired and cannot be renewed.
            ConnectionFailed: Their source cannot be reached.
        """
        if target.choice.kind == "keys":
            return _static(target.choice)
        state = await self._state(target)
        await self._renewed(target, state)
        assert state.lease is not None  # noqa: S101 - only unsigned requests and tokens need none
        return state.lease

    async def _state(self, target: Target) -> _SessionState:
        """The session of a target; targets that differ in their addresses alone share it."""
        whose = target.of_credentials
        state = self._sessions.get(whose)
        return state or await self._opening.run(whose, partial(self._open, whose))

    async def _renewed(self, target: Target, state: _SessionState) -> None:
        if state.lease is None:
            return
        renew = partial(_renew, state.lease, target)
        if state.lease.must_renew():
            await self._renewing.run(id(state), renew)
        elif state.lease.may_renew():
            # The outcome is not needed: the present credentials still hold.
            self._renewing.start(id(state), renew)

    async def replaced(self, target: Target, refused: SignedWith) -> bool:
        """Whether a target has other credentials than those that AWS refused.

        Where it still has those, they are loaded again, once for all who wait.

        Raises:
            AuthenticationError: There are none, or they cannot be loaded.
            ConnectionFailed: Their source cannot be reached.
        """
        if target.choice.kind not in ("profile", "chain"):
            return False
        state = self._sessions.get(target.of_credentials)
        if state is not None and state.lease is not None and refused.is_of(state.lease):
            await self.forget(target, state)
        return not refused.is_of(await self.credentials(target))

    async def forget(self, target: Target, state: _SessionState | None = None) -> None:
        """Drop what is kept for a target, after AWS refused its credentials as expired.

        The next `get` loads the credentials again, from the files and services as they are then.

        Args:
            target: The identity.
            state: What to drop, where something else may have taken its place.
        """
        whose = target.of_credentials
        with self._lock:
            if state is not None and self._sessions.get(whose) is not state:
                return
            self._sessions.pop(whose, None)
            for key in [key for key in self._clients if key[1].of_credentials == whose]:
                del self._clients[key]

    def _begin_again(self) -> None:
        # Nothing of it is for a forked child: sources of credentials hold locks and connections.
        self._sessions: dict[Target, _SessionState] = {}
        self._clients: dict[tuple[Service, Target], Any] = {}
        self._owners: WeakKeyDictionary[Any, tuple[Target, _SessionState]] = WeakKeyDictionary()

    def _open(self, target: Target) -> _SessionState:
        """Open a session and load its credentials; runs in a thread."""
        with importing():
            from modelwire_bedrock.aws.credentials.errors import credential_error
            from modelwire_bedrock.aws.credentials.sessions import open_session

        opened = self._sessions.get(target)
        if opened is not None:  # by another caller, since this one looked for it
            return opened
        try:
            session = open_session(target)
            state = _SessionState(session, _lease(session, target))
        except Exception as error:
            raise credential_error(error, target) from error
        with self._lock:
            self._sessions[target] = state
            _shorten(self._sessions)
        return state

    def _made(self, service: Service, target: Target, state: _SessionState) -> Any:
        """The client that another caller has had made since this one looked for it."""
        with self._lock:
            client = self._clients.get((service, target))
            return client if client is not None and self._owners[client][1] is state else None

    def _make(self, service: Service, target: Target, state: _SessionState) -> Any:
        """Make a client; runs in a thread."""
        from botocore.exceptions import (
            BaseEndpointResolverError,
            BotoCoreError,
            EndpointProviderError,
        )

        from modelwire_bedrock.aws.credentials.errors import credential_error

        try:
            with importing(), state.making:  # a session is not made for several threads
                made = self._made(service, target, state)
                if made is not None:
                    return made
                client = state.session.create_client(service, **_arguments(service, target))
        except (BaseEndpointResolverError, EndpointProviderError) as error:
            msg = f"botocore finds no endpoint of {service} in {target.region}: {error}"
            raise ConfigError(msg.rstrip(": "), hint=_NO_ENDPOINT_HINT) from error
        except ValueError as error:
            msg = f"The endpoint of {service} cannot be used: {error}"
            raise ConfigError(msg, hint="Check baseUrl and AWS_ENDPOINT_URL.") from error
        except BotoCoreError as error:
            raise credential_error(error, target) from error
        if target.bearer_token is not None:
            client.meta.events.register("before-sign", partial(_carry_token, target.bearer_token))
        with self._lock:
            self._owners[client] = (target, state)
            if self._sessions.get(target.of_credentials) is state:
                self._clients[service, target] = client
                _shorten(self._clients)
        return client


def _lease(session: Any, target: Target) -> RefreshableCredentials | None:
    """Load the credentials of a session, and let its clients sign with a lease of them."""
    from botocore.credentials import CredentialResolver
    from botocore.exceptions import NoCredentialsError

    choice = target.choice
    if choice.kind == "keys":
        lease = _static(choice)
    elif choice.kind in ("profile", "chain"):
        # Not `session.get_credentials`, which would keep them for the clients.
        source = session.get_component("credential_provider").load_credentials()
        if source is None:
            raise NoCredentialsError
        lease = RefreshableCredentials(source)
    else:
        return None
    session.register_component("credential_provider", CredentialResolver([_Provider(lease)]))
    return lease


@lru_cache(maxsize=_MOST)
def _static(choice: CredentialChoice) -> RefreshableCredentials:
    """Credentials that do not change; botocore is not needed for them."""
    return RefreshableCredentials(
        StaticKeys(choice.access_key_id, choice.secret_access_key, choice.session_token)
    )


class _Provider:
    """A link of botocore's chain that has the credentials already."""

    METHOD = CANONICAL_NAME = "lease"

    def __init__(self, lease: RefreshableCredentials) -> None:
        self._lease = lease

    def load(self) -> RefreshableCredentials:
        return self._lease


def _arguments(service: Service, target: Target) -> dict[str, Any]:
    from botocore import UNSIGNED
    from botocore.config import Config

    signed = target.choice.kind not in ("none", "bearer")
    # The session finds the address of S3.
    endpoints = {"bedrock-runtime": target.endpoint_url, "bedrock": target.control_url}
    return {
        "region_name": target.region,
        "endpoint_url": endpoints.get(service),
        "config": Config(
            # Said here, it wins over AWS_BEARER_TOKEN_BEDROCK of the process.
            signature_version="v4" if signed else UNSIGNED,
            retries={"total_max_attempts": 1, "mode": "standard"},
            use_fips_endpoint=target.use_fips,
            use_dualstack_endpoint=target.use_dual_stack,
        ),
    }


def _carry_token(token: str, request: Any, **_: Any) -> None:
    """Put the bearer token where the signature would be.

    botocore's own signer refuses every plain HTTP endpoint. This one lets loopback through, where
    the token does not leave the machine.

    Raises:
        ConfigError: The token would travel unencrypted.
    """
    parts = urlsplit(request.url)
    if parts.scheme != "https" and not is_loopback(request.url):
        msg = f"A bearer token is not sent over plain HTTP to {parts.hostname}."
        raise ConfigError(msg, hint="Use an https address, or AWS_BEDROCK_SKIP_AUTH=1.")
    request.headers["Authorization"] = f"Bearer {token}"


def _renew(lease: RefreshableCredentials, target: Target) -> None:
    from modelwire_bedrock.aws.credentials.errors import credential_error

    try:
        lease.renew()
    except Exception as error:
        raise credential_error(error, target) from error


def _shorten(kept: dict[Any, Any]) -> None:
    while len(kept) > _MOST:
        del kept[next(iter(kept))]


_shared: Clients | None = None
_sharing = ForkSafeLock()


def shared_clients() -> Clients:
    """The one `Clients` of this process."""
    global _shared  # noqa: PLW0603 - clients are expensive, and all users of the process share them
    with _sharing:
        if _shared is None:
            _shared = Clients()
        return _shared
