"""The names of a new plugin, all made of one: the provider's id."""

from __future__ import annotations

import re

from attrs import frozen

from modelwire.errors import ConfigError

__all__ = ["PluginNames"]

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 30
_PREFIX = "modelwire-"


@frozen
class PluginNames:
    """What things are called in a new plugin.

    Attributes:
        provider: The provider's id, as `acme-cloud`.
    """

    provider: str

    @classmethod
    def parse(cls, text: str) -> PluginNames:
        """Read what the user calls the provider; the name of the package stands for it too.

        Raises:
            ConfigError: It cannot be a provider's id.
        """
        name = text.strip().lower().removeprefix(_PREFIX)
        if not _ID.fullmatch(name) or len(name) > _LONGEST:
            msg = f"{text!r} cannot be the id of a provider."
            hint = (
                f"Use up to {_LONGEST} letters a to z, digits and single hyphens, beginning with a "
                "letter, as acme-cloud."
            )
            raise ConfigError(msg, hint=hint)
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
