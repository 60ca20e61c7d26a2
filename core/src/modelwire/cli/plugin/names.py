"""The names of a new plugin: the provider's id, and what is made of it."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterable

from attrs import frozen

from modelwire.errors import ConfigError
from modelwire.registry.claims import Claim, normalize_name
from modelwire.registry.published import published_plugins

__all__ = ["PluginNames", "check_free"]

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 30
_PREFIX = "modelwire-"
_OWN = "modelwire"
_ANOTHER = "Choose another name, such as acme-cloud."


@frozen
class PluginNames:
    """What things are called in a new plugin.

    Attributes:
        provider: The provider's id, such as `acme-cloud`.
    """

    provider: str

    @classmethod
    def parse(cls, text: str) -> PluginNames:
        """Read what the user calls the provider; the name of the package is accepted, too.

        Raises:
            ConfigError: It cannot be a provider's id, or Python or modelwire has the name.
        """
        name = text.strip().lower().removeprefix(_PREFIX)
        if not _ID.fullmatch(name) or len(name) > _LONGEST:
            msg = f"{text!r} cannot be the id of a provider."
            hint = (
                f"Use up to {_LONGEST} letters a to z, digits and single hyphens, beginning with a "
                "letter, such as acme-cloud."
            )
            raise ConfigError(msg, hint=hint)
        if (owner := _owner(name.replace("-", "_"))) is not None:
            msg = f"{name!r} cannot be the id of a provider: it is {owner}."
            raise ConfigError(msg, hint=_ANOTHER)
        return cls(name)

    @property
    def distribution(self) -> str:
        """The package's name, as `modelwire-acme-cloud`."""
        return _PREFIX + self.provider

    @property
    def module(self) -> str:
        """What is imported, as `modelwire_acme_cloud`."""
        return self.distribution.replace("-", "_")

    @property
    def variable(self) -> str:
        """The beginning of environment variables, as `ACME_CLOUD`."""
        return self.provider.replace("-", "_").upper()

    @property
    def title(self) -> str:
        """The name in prose, as `Acme Cloud`."""
        return " ".join(part.capitalize() for part in self.provider.split("-"))

    @property
    def camel(self) -> str:
        """The beginning of names of classes, as `AcmeCloud`."""
        return self.title.replace(" ", "")

    def put_into(self, text: str) -> str:
        """Put these names into a text that speaks of Acme."""
        own = {
            "modelwire_acme": self.module,
            "AcmeWire": f"{self.camel}Wire",
            "TestAcme": f"Test{self.camel}",
            "ACME": self.variable,
            "Acme": self.title,
            "acme": self.provider,
        }
        # At once, since a name may hold the word that is replaced.
        return re.sub("|".join(own), lambda found: own[found[0]], text)


def _owner(name: str) -> str | None:
    """What a name means in Python or modelwire already; `None` where it is free."""
    if name == _OWN:
        return "the name of modelwire itself"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        return "a keyword of Python"
    if name in sys.stdlib_module_names:
        return "a module of Python's standard library"
    return None


def check_free(names: PluginNames, claims: Iterable[Claim]) -> None:
    """Refuse names that another plugin has: each would break the other where both are installed.

    Args:
        names: The new plugin's names.
        claims: What the installed packages claim.

    Raises:
        ConfigError: An installed plugin or one of this project has the provider's id or the package's name.
    """
    installed = list(claims)
    for claim in installed:
        if claim.kind in ("providers", "aliases") and claim.name == names.provider:
            msg = f"{claim.distribution} is installed and provides {names.provider!r} already."
            raise ConfigError(msg, hint=_or_uninstall(claim))
    for claim in installed:
        if normalize_name(claim.distribution) == names.distribution:
            msg = f"{claim.distribution} is installed already."
            raise ConfigError(msg, hint=_or_uninstall(claim))
    for plugin in published_plugins():
        if plugin.distribution == names.distribution or plugin.covers(names.provider):
            msg = f"{plugin.distribution} provides {names.provider!r} already."
            hint = f"Run: pip install {plugin.distribution}. Or choose another name."
            raise ConfigError(msg, hint=hint)


def _or_uninstall(claim: Claim) -> str:
    return f"Choose another name, or uninstall {claim.distribution}."
