"""The bodies of a batch: built and read by the code of single requests of an API."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from attrs import frozen

from modelwire.authoring import JsonEvent, StreamEnd, whole_answer

if TYPE_CHECKING:
    from modelwire.authoring import Translator
    from modelwire.config import ProviderConfig
    from modelwire.hookspecs import BatchItem
    from modelwire.messages import AssistantMessage
    from modelwire.models import Model
    from modelwire.repair import Change
    from modelwire_openai.account import Account

__all__ = ["BatchBodies", "BatchRequest"]


class BatchRequest(Protocol):
    """A request of either API."""

    @property
    def payload(self) -> dict[str, Any]:
        """The body, as JSON data."""

    @property
    def changes(self) -> Sequence[Change]:
        """The differences from the caller's input."""

    @property
    def tool_names(self) -> Mapping[str, str]:
        """Names of tools on the wire that differ from the tools' own, and those."""


@frozen
class BatchBodies(ABC):
    """The bodies of one API for one model.

    Attributes:
        api: The API.
        url: The path that a line of the file names.
        model: The model.
        account: The address and the credentials of requests.
        provider: The provider's configuration.
    """

    api: ClassVar[str]
    url: ClassVar[str]

    model: Model
    account: Account
    provider: ProviderConfig

    @abstractmethod
    def build(self, item: BatchItem) -> BatchRequest:
        """The request of an item, as a single answer would send it."""

    @abstractmethod
    def translator(self, request: BatchRequest | None) -> Translator[JsonEvent | StreamEnd]:
        """A translator of an answer, whose request may be unknown."""

    def read(
        self, body: dict[str, Any], item: BatchItem | None, price_factor: float | None
    ) -> AssistantMessage:
        """The message of an answer.

        Raises:
            ProviderError: The answer is malformed, was cut or was refused.
        """
        request = self.build(item) if item is not None else None
        events: list[JsonEvent | StreamEnd] = [JsonEvent("message", body, whole=True), StreamEnd()]
        return whole_answer(
            self.model,
            events,
            self.translator(request),
            api=self.api,
            changes=request.changes if request is not None else (),
            response_schema=item.options.response_schema if item is not None else None,
            price_factor=price_factor,
        )
