"""Application inference profiles, and the models behind them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from modelwire.errors import AccessDenied, ModelwireError, NotFound
from modelwire_bedrock.models.families import base_model_id

if TYPE_CHECKING:
    from modelwire.transport import Transport
    from modelwire_bedrock.aws.clients import Clients
    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["ApplicationProfiles", "is_application_profile", "shared_profiles"]

_ARN = re.compile(
    r"arn:aws(?:-[a-z0-9-]+)?:bedrock:[^:]*:[^:]*:application-inference-profile/", re.IGNORECASE
)
_KEPT = 3600.0
_DENIED = 600.0


def is_application_profile(model_id: str) -> bool:
    """Whether an id is the ARN of an application inference profile."""
    return _ARN.match(model_id.strip()) is not None


class ApplicationProfiles:
    """Asks GetInferenceProfile, and keeps what it says for an hour.

    The permission for it is optional: where it is missing nothing is known, which is kept for ten
    minutes. Any other failure is forgotten at once, so that the next call tries again.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, tuple[str, ...]]] = {}

    async def models_of(
        self, arn: str, *, target: Target, clients: Clients, transport: Transport
    ) -> tuple[str, ...]:
        """The models behind a profile; none where that cannot be found out. Does not raise.

        Args:
            arn: The profile's ARN.
            target: The address and the credentials; its region is the ARN's.
            clients: The clients of the process.
            transport: What carries the request.
        """
        key = (arn, target.identity)
        kept = self._known.get(key)
        if kept is not None and kept[0] > self._clock():
            return kept[1]
        from modelwire_bedrock.aws.control_plane import call

        lifetime = _KEPT
        models: tuple[str, ...] = ()
        try:
            answer = await call(
                "get_inference_profile",
                {"inferenceProfileIdentifier": arn},
                target=target,
                clients=clients,
                transport=transport,
            )
            arns = [str(model.get("modelArn", "")) for model in answer.get("models", [])]
            models = tuple(dict.fromkeys(base_model_id(arn) for arn in arns if arn))
        except (AccessDenied, NotFound):
            lifetime = _DENIED
        except ModelwireError:
            return ()
        self._known[key] = (self._clock() + lifetime, models)
        return models


_shared = ApplicationProfiles()


def shared_profiles() -> ApplicationProfiles:
    """The application profiles known to this process."""
    return _shared
