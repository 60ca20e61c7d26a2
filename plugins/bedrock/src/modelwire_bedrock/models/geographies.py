"""The table of inference profiles: the geographies in which a family of models has one.

The region's own ListInferenceProfiles is the only authority; the table is used for calls before it
was read. A row holds for every model whose bare id begins with its pattern, in lower case and with dashes
for dots; the first counts. Evidence: the data of langchain-aws 1.9.1, of November 2026; the
prefixes in `also` are listed by other tables only, or are disputed, and are tried last.
"""

from __future__ import annotations

import re

from attrs import frozen

__all__ = ["PROFILE_ROWS", "ProfileRow", "known_geographies"]


@frozen
class ProfileRow:
    """The geographies that have a profile of some models.

    Attributes:
        pattern: What the model's bare id begins with.
        geographies: Prefixes of profiles that exist, in words.
        also: Prefixes that one source names and another does not.
        checked: When it was last compared with its evidence.
    """

    pattern: str
    geographies: str
    also: str = ""
    checked: str = "2026-11"


_CLAUDE = "anthropic-claude-"
# fmt: off
PROFILE_ROWS: tuple[ProfileRow, ...] = (
    ProfileRow(_CLAUDE + r"(?:3-|(?:opus|sonnet)-4-2)", "us eu apac", "us-gov"),
    ProfileRow(_CLAUDE + r"sonnet-4(?:-v|$)", "us eu apac global"),
    ProfileRow(_CLAUDE + r"opus-4-1(?!\d)", "us", "eu"),
    ProfileRow(_CLAUDE + r"sonnet-4-5(?!\d)", "us eu jp au global", "us-gov"),
    ProfileRow(_CLAUDE + r"haiku-4-5(?!\d)", "us eu jp au in global"),
    ProfileRow(_CLAUDE + r"opus-4-5(?!\d)", "us eu global"),
    ProfileRow(_CLAUDE + r"opus-4-6(?!\d)", "us eu au global", "jp apac"),
    ProfileRow(_CLAUDE + r"(?:sonnet-4-6|opus-4-[78])(?!\d)", "us eu jp au global", "us-gov"),
    ProfileRow(_CLAUDE + r"(?:opus|haiku)-5-5(?!\d)", "us eu jp au global", "us-gov"),
    ProfileRow(_CLAUDE + r"sonnet-5-5(?!\d)", "us eu global", "jp au us-gov"),
    ProfileRow(_CLAUDE + r"(?:sonnet|opus)-5(?!-\d(?!\d))", "us eu jp au in global", "us-gov"),
    ProfileRow(_CLAUDE + r"fable-5-1(?!\d)", "us global"),
    ProfileRow(_CLAUDE + r"fable-5(?!-\d(?!\d))", "us eu global"),
    # A newer one; there is no `apac` since 4.5.
    ProfileRow(_CLAUDE, "us eu global", "jp au in us-gov"),
    ProfileRow("amazon-nova-lite", "us eu apac ca"),
    ProfileRow("amazon-nova-(?:micro|pro)", "us eu apac"),
    ProfileRow("amazon-nova-premier", "us"),
    ProfileRow("amazon-nova-2-", "us eu jp global"),
    ProfileRow("openai-gpt-5-6-(?:luna|terra)", "us in global"),
    ProfileRow("openai-gpt-5-6", "us global"),
    ProfileRow(r"openai-gpt-6-(?:sol|luna)", "us global", "in"),
    ProfileRow("openai-gpt-6", "us global"),
    ProfileRow("openai-gpt-oss", "us-gov"),
    ProfileRow("xai-grok-", "us global", "us-gov"),
    ProfileRow("moonshot(?:ai)?-kimi-k3", "us global", "in"),
    ProfileRow("zai-glm-5-3", "us global"),
    ProfileRow("meta-llama(?:3-[123]|4)-", "us"),
    ProfileRow("deepseek-r1", "us"),
    ProfileRow("deepseek-v3", "", "us eu"),
    ProfileRow("mistral-pixtral-", "us eu"),
    ProfileRow("writer-palmyra-x", "us"),
)
# fmt: on
_SEPARATORS = re.compile(r"[.\s_/:]+")


def known_geographies(model_id: str) -> tuple[frozenset[str], frozenset[str]] | None:
    """The geographies with a profile of a model, and those that may have one; `None` if unknown."""
    wanted = _SEPARATORS.sub("-", model_id.lower())
    row = next((row for row in PROFILE_ROWS if re.match(row.pattern, wanted)), None)
    if row is None:
        return None
    return frozenset(row.geographies.split()), frozenset(row.also.split())
