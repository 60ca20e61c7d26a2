"""The table of services that speak the Messages API: hosts, thinking, and what that is known from.

A rule of one service applies to that service alone. `None` is unknown; it is treated
neither as yes nor as no. Nothing here is from requests of our own: `evidence` names the page or the
report, and `as_of` its month.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from attrs import evolve, frozen

from modelwire.models import Model

__all__ = ["VENDORS", "Vendor", "vendor_of"]

Off = Literal["omit", "disabled", "never"]
"""How a model is kept from thinking: by saying nothing, by saying so, or not at all."""


@frozen
class Vendor:
    """A service, or several that behave alike.

    Attributes:
        id: What it is called here.
        hosts: Its hosts; `*` matches any characters, as those of a region.
        requires_signature: Whether it takes thinking back only with its signature. Where not, a
            model's own thinking goes back as it came.
        off: How its models are kept from thinking, or `None` where it is not known.
        always_think: Ids of models for which that is `never`; `*` matches any characters.
        evidence: What that is known from.
        as_of: The month of the evidence.
    """

    id: str
    hosts: tuple[str, ...]
    requires_signature: bool = False
    off: Off | None = None
    always_think: tuple[str, ...] = ()
    evidence: str = ""
    as_of: str = ""


VENDORS: tuple[Vendor, ...] = (
    Vendor(
        "anthropic", ("api.anthropic.com",), requires_signature=True, off="omit",
        evidence="docs.anthropic.com: extended thinking", as_of="2026-11",
    ),
    Vendor(
        "bedrock",
        ("bedrock-runtime*.amazonaws.com", "bedrock-runtime*.amazonaws.com.cn", "bedrock-mantle*.api.aws"),
        requires_signature=True, off="omit",
        evidence="AWS user guide: Messages API of Amazon Bedrock, for Claude alone", as_of="2026-11",
    ),
    Vendor(
        "vertex", ("*aiplatform.googleapis.com", "aiplatform.*.rep.googleapis.com"),
        requires_signature=True, off="omit",
        evidence="docs.anthropic.com: Claude on Vertex AI", as_of="2026-11",
    ),
    # Refuses requests without its thinking; its signatures are ids, and are sometimes missing.
    Vendor(
        "deepseek", ("api.deepseek.com",), off="disabled",
        evidence="NousResearch/hermes-agent#16149, #21048, #15700; QuantumNous/new-api#4763", as_of="2026-05",
    ),
    # "only type=enabled is allowed for this model"; takes thinking signed and unsigned.
    Vendor(
        "kimi-coding", ("api.kimi.com",), off="never",
        evidence="NousResearch/hermes-agent#55488, #49143", as_of="2026-06",
    ),
    # Reported by another client: K2.6 takes `disabled`; K2.7 Code and K3 cannot be kept from it.
    Vendor(
        "moonshot", ("api.moonshot.ai", "api.moonshot.cn"),
        off="disabled", always_think=("kimi-k2.7-code*", "kimi-k3*"),
        evidence="metacpan.org/pod/Langertha::Engine::MoonshotAnthropic 0.504", as_of="2026-11",
    ),
    # M2 keeps thinking when `disabled` is sent; what M3 does here is not known.
    Vendor(
        "minimax", ("api.minimax.io", "api.minimaxi.com"), always_think=("minimax-m2*",),
        evidence="java.agentscope.io/v2/en/integration/model/minimax; "
        "NousResearch/hermes-agent#75725, #85251 (replay)",
        as_of="2026-11",
    ),
    # Measured there: GLM-4.6 with `disabled` does not think, GLM-5.3 Flash does.
    Vendor(
        "zai", ("api.z.ai", "open.bigmodel.cn"), off="disabled", always_think=("glm-5.3*",),
        evidence="No-Compromise-AI/glm-mcp#60; NousResearch/hermes-agent#86433 (replay)",
        as_of="2026-08",
    ),
    Vendor(
        "qwen", ("dashscope*.aliyuncs.com", "*.maas.aliyuncs.com"), off="disabled",
        evidence="docs.qwencloud.com/api-reference/chat/anthropic; earendil-works/pi#2022",
        as_of="2026-11",
    ),
    Vendor("tencent", ("api.lkeap.cloud.tencent.com",)),
)  # fmt: skip

_GATEWAY_TO_CLAUDE = Vendor("claude", (), requires_signature=True, off="omit")
_UNKNOWN = Vendor("unknown", ())


def vendor_of(model: Model, base_url: str | None = None) -> Vendor:
    """The service that answers for a model.

    Behind a host that is not known a Claude is taken to be Anthropic's, which a gateway calls.

    Args:
        model: The model.
        base_url: Its address; by default Anthropic's own.
    """
    return VENDORS[0] if base_url is None else _vendor_at(base_url, model.id.lower())


@lru_cache(maxsize=512)
def _vendor_at(base_url: str, model_id: str) -> Vendor:
    host = urlsplit(base_url).hostname or ""
    for vendor in VENDORS:
        if any(fnmatchcase(host, pattern) for pattern in vendor.hosts):
            always = any(fnmatchcase(model_id, each) for each in vendor.always_think)
            return evolve(vendor, off="never") if always else vendor
    return _GATEWAY_TO_CLAUDE if "claude" in model_id else _UNKNOWN
