"""The look-up of a model's profiles in ListInferenceProfiles, when AWS refuses those that were tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.errors import AccessDenied, ModelwireError, NotFound
from modelwire_bedrock.discovery.pages import all_pages
from modelwire_bedrock.models.inference_profiles import (
    Inventory,
    inventory_of,
    remember_inventory,
)
from modelwire_bedrock.models.memory import Memory

if TYPE_CHECKING:
    from modelwire.transport import Transport
    from modelwire_bedrock.aws.clients import Clients
    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["look_up_profiles"]

_looked_up = Memory[bool]()
"""The places whose profiles were requested, whatever the outcome."""


async def look_up_profiles(target: Target, clients: Clients, transport: Transport) -> bool:
    """List a region's inference profiles, once in this process; they are remembered for calls.

    Nothing is sent where the address of the control plane is unknown, because only that of the
    runtime was configured. Does not raise. After a failure other than a refusal the next call
    tries again.

    Args:
        target: The address and the identity.
        clients: The clients of the process.
        transport: What carries the requests.

    Returns:
        Whether the profiles were read now.
    """
    place = target.control_plane
    if _looked_up.get(place) or (target.endpoint_url and not target.control_url):
        return False
    _looked_up.update(place, lambda _: True)
    try:
        found = await all_pages(
            "list_inference_profiles",
            "inferenceProfileSummaries",
            {},
            target,
            clients,
            transport,
        )
    except (AccessDenied, NotFound):
        return False
    except ModelwireError:
        _looked_up.update(place, lambda _: False)
        return False
    known = inventory_of(place)
    ids = (str(item.get("inferenceProfileId", "")).strip() for item in found)
    on_demand = known.on_demand if known else frozenset()
    remember_inventory(place, Inventory(on_demand, frozenset(ids)))
    return True
