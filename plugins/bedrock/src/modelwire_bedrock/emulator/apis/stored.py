"""Responses that are stored, so that a later request can continue or fetch them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from modelwire_bedrock.emulator.apis.errors import ApiRefusal

__all__ = ["StoredResponses"]

KEPT = 1000
"""How many responses are kept."""


class StoredResponses:
    """The stored responses, the oldest forgotten first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[dict[str, Any], list[Any]]] = OrderedDict()

    def keep(self, response: dict[str, Any], body: Mapping[str, Any]) -> None:
        """Store a response with the conversation that it ends."""
        input_ = body["input"]
        items = [{"role": "user", "content": input_}] if isinstance(input_, str) else list(input_)
        before = self.before(body.get("previous_response_id"))
        self._kept[response["id"]] = (response, [*before, *items, *response["output"]])
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def before(self, response_id: Any) -> list[Any]:
        """The items of the conversation that ends with a response; none for no response.

        Raises:
            ApiRefusal: There is no such response.
        """
        if response_id is None:
            return []
        if response_id not in self._kept:
            msg = f"Previous response with id '{response_id}' not found."
            raise ApiRefusal(msg, "previous_response_not_found", "previous_response_id")
        return self._kept[response_id][1]

    def find(self, response_id: str) -> dict[str, Any]:
        """A response.

        Raises:
            ApiRefusal: There is no response with this id.
        """
        if response_id not in self._kept:
            msg = f"Response with id '{response_id}' not found."
            raise ApiRefusal(msg, "not_found_error", code="ResourceNotFoundException")
        return self._kept[response_id][0]

    def forget(self, response_id: str) -> dict[str, Any]:
        """Forget a response; what is answered to it.

        Raises:
            ApiRefusal: There is no response with this id.
        """
        self.find(response_id)
        del self._kept[response_id]
        return {"id": response_id, "object": "response", "deleted": True}

    def queued(self, response: dict[str, Any]) -> dict[str, Any]:
        """The immediate answer to a background request; the response can be fetched later."""
        return {**response, "status": "queued", "output": [], "usage": None, "background": True}
