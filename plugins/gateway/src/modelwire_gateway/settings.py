"""Settings of the gateway, read from the configuration and from the options of `modelwire serve`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import Attribute, Factory, evolve, field, frozen

from modelwire.config import Config
from modelwire.errors import ConfigError, Problem
from modelwire.structuring import make_converter, problems_of
from modelwire_gateway.access.aws_settings import AwsSettings
from modelwire_gateway.groups import GroupMember
from modelwire_gateway.storage.settings import StorageSettings

__all__ = ["DEFAULT_PORT", "Settings"]

DEFAULT_PORT: Final = 8484
_ENTRIES: Final = ("modelwire-gateway", "gateway")
_MIB: Final = 1024 * 1024


def _check_groups(
    _: object, __: Attribute[Any], groups: Mapping[str, tuple[GroupMember, ...]]
) -> None:
    for name, members in groups.items():
        if len({member.model for member in members}) != len(members) or not members:
            msg = f"expected each model once, and at least one, in groups.{name}"
            raise ValueError(msg)


def _check_labels(_: object, __: Attribute[Any], labels: Mapping[str, str]) -> None:
    for name, text in labels.items():
        try:
            text.format(id="", name="", owner="")
        except (KeyError, ValueError, IndexError, AttributeError):
            msg = f"expected nothing but {{id}}, {{name}} and {{owner}} in braces, in labels.{name}"
            raise ValueError(msg) from None


@frozen
class Settings:
    """The settings in `plugins.entries.gateway.config`.

    Attributes:
        host: The address to listen on.
        port: The port; 0 picks a free port.
        allow_hosts: Further names that requests may be addressed to, besides loopback's and `host`.
        aliases: Names that clients may use, each with its reference.
        max_body_bytes: The largest body of a request.
        keep_alive_seconds: How long a stream may be silent before a keep-alive is sent.
        request_seconds: How long the body of a request may take to arrive.
        drain_seconds: How long open requests may continue after SIGTERM.
        log_content: Whether the log of requests, as JSON, has what was sent and answered.
        open_probes: Whether `/readyz` and `/metrics` need no key beyond loopback.
        labels: Labels that providers get with each request; `{id}`, `{name}` and `{owner}` in them are
            the caller's.
        groups: Names for several models each, with the weight of each model.
        storage: The storage of keys, usage and limits.
        aws: The AWS identities that may call.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    allow_hosts: tuple[str, ...] = ()
    aliases: dict[str, str] = Factory(dict)
    max_body_bytes: int = 32 * _MIB
    keep_alive_seconds: float = 15.0
    request_seconds: float = 60.0
    drain_seconds: float = 30.0
    log_content: bool = False
    open_probes: bool = False
    labels: dict[str, str] = field(factory=dict, validator=_check_labels)
    groups: dict[str, tuple[GroupMember, ...]] = field(factory=dict, validator=_check_groups)
    storage: StorageSettings = field(factory=StorageSettings)
    aws: AwsSettings = field(factory=AwsSettings)

    @classmethod
    def of(cls, config: Config) -> Settings:
        """Read the settings of a configuration.

        Groups may also be in `gateway.groups`, beside OpenClaw's settings of its own gateway.

        Raises:
            ConfigError: A setting has a wrong value, or needs a variable that is not set; or groups
                are in both places.
        """
        config.require_plugins(*_ENTRIES)
        name, given = _entry(config)
        root = ("plugins", "entries", name, "config")
        settings = cls._read(config, given, root)
        groups = _groups(config)
        if groups is None:
            return settings
        if settings.groups:
            problem = Problem("gateway.groups", f"is also set in {'.'.join(root)}.groups")
            raise _not_valid(config, [problem])
        return evolve(settings, groups=cls._read(config, {"groups": groups}, ("gateway",)).groups)

    @classmethod
    def _read(cls, config: Config, given: Mapping[str, Any], root: tuple[str, ...]) -> Settings:
        try:
            return make_converter().structure(given, cls)
        except Exception as error:
            raise _not_valid(config, problems_of(error, root)) from error


def _not_valid(config: Config, problems: list[Problem]) -> ConfigError:
    source = str(config.path) if config.path else None
    msg = "The settings of modelwire-gateway are not valid."
    return ConfigError(msg, problems=problems, source=source)


def _groups(config: Config) -> object:
    """The groups in the section `gateway`, whose other keys are OpenClaw's."""
    section = config.document.get("gateway")
    return section.get("groups") if isinstance(section, Mapping) else None


def _entry(config: Config) -> tuple[str, Mapping[str, Any]]:
    for name in _ENTRIES:
        if name in config.plugins.entries:
            return name, config.plugins.entries[name].config
    return _ENTRIES[-1], {}
