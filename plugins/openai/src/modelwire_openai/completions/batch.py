"""The bodies of a batch of Chat Completions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from attrs import frozen

from modelwire_openai.batch_bodies import BatchBodies, BatchRequest
from modelwire_openai.client import redact_json
from modelwire_openai.completions.request import build_request
from modelwire_openai.completions.stream import Translator
from modelwire_openai.model_compat import compat_for
from modelwire_openai.servers import COMPLETIONS

if TYPE_CHECKING:
    from modelwire.hookspecs import BatchItem
    from modelwire_openai.compat import Compat

__all__ = ["ChatBodies"]


@frozen
class ChatBodies(BatchBodies):
    """Bodies of Chat Completions; the attributes are those of `BatchBodies`."""

    api = COMPLETIONS
    url = "/v1/chat/completions"

    def build(self, item: BatchItem) -> BatchRequest:
        """The request of an item."""
        return build_request(
            self.model,
            item.context,
            item.options,
            compat=self._compat,
            is_openai=self.account.is_openai,
        )

    def translator(self, request: BatchRequest | None) -> Translator:
        """A translator of an answer."""
        return Translator(
            self.model.id,
            self._compat,
            request.tool_names if request is not None else {},
            redact=partial(redact_json, self.account),
        )

    @property
    def _compat(self) -> Compat:
        account = self.account
        return compat_for(account.server, account.compat, self.provider, self.model)
