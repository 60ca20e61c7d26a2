"""Models, and the references that name them."""

from modelwire.models.model import InputKind, Model, ModelList, OutputKind, Prices, ReasoningLevel
from modelwire.models.ref import ModelRef, fold_provider

__all__ = [
    "InputKind",
    "Model",
    "ModelList",
    "ModelRef",
    "OutputKind",
    "Prices",
    "ReasoningLevel",
    "fold_provider",
]
