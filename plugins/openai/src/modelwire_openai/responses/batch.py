"""The bodies of a batch of the Responses API."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from attrs import frozen

from modelwire_openai.batch_bodies import BatchBodies, BatchRequest
from modelwire_openai.client import redact_json
from modelwire_openai.responses.dialect import Dialect, dialect_of
from modelwire_openai.responses.request import build_request
from modelwire_openai.responses.stream import Translator
from modelwire_openai.servers import RESPONSES

if TYPE_CHECKING:
    from modelwire.hookspecs import BatchItem

__all__ = ["ResponsesBodies"]


@frozen
class ResponsesBodies(BatchBodies):
    """Bodies of the Responses API; the attributes are those of `BatchBodies`."""

    api = RESPONSES
    url = "/v1/responses"

    def build(self, item: BatchItem) -> BatchRequest:
        """The request of an item."""
        return build_request(self.model, item.context, item.options, dialect=self._dialect)

    def translator(self, request: BatchRequest | None) -> Translator:
        """A translator of an answer."""
        limit = None
        if request is not None and not self._dialect.native:
            limit = request.payload.get("max_output_tokens")
        return Translator(
            request.tool_names if request is not None else {},
            limit=limit if isinstance(limit, int) else None,
            redact=partial(redact_json, self.account),
        )

    @property
    def _dialect(self) -> Dialect:
        return dialect_of(self.account.address.host, self.model)
