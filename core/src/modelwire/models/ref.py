"""Model references: `provider/model-id`."""

from __future__ import annotations

from attrs import field, frozen

__all__ = ["ModelRef", "fold_provider"]


def fold_provider(name: str) -> str:
    """Normalize a provider's id for comparison: without outer white space, in lower case."""
    return name.strip().lower()


def _strip(name: str) -> str:
    return name.strip()


@frozen(cache_hash=True)
class ModelRef:
    """A provider's id and a model's id at that provider.

    The provider folds case, the model never does: `Amazon-Bedrock/US.x` and `amazon-bedrock/US.x`
    are the same model, `amazon-bedrock/us.x` is another.
    """

    provider: str = field(converter=fold_provider)
    model: str = field(converter=_strip)

    @classmethod
    def parse(cls, text: str) -> ModelRef | None:
        """Read `provider/model-id`, split at the first slash.

        The model id may hold slashes, colons and whole ARNs. White space around either
        side is ignored. Returns `None` where there is no slash or a side is empty.
        """
        provider, slash, model = text.partition("/")
        if not (slash and provider.strip() and model.strip()):
            return None
        return cls(provider, model)

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"
