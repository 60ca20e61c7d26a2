"""The configuration object."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from attrs import field, frozen

from modelwire.config.environment import (
    MissingVariable,
    has_placeholder,
    is_read,
    read_env_block,
    substitute,
)
from modelwire.config.providers import ModelsConfig, ProviderConfig
from modelwire.config.schema import AgentsConfig, LogsConfig, PluginsConfig
from modelwire.config.structure import structure_sections
from modelwire.document import Path, format_path, plain_data, value_at
from modelwire.errors import ConfigError, Problem, VariableNotSet
from modelwire.models import ModelRef, fold_provider
from modelwire.structuring import describe

__all__ = ["SUMMARY", "Config", "build_config"]

SUMMARY = "The configuration is not valid."


def _process_environ() -> Mapping[str, str]:
    return dict(os.environ)


@frozen
class Config:
    """A configuration document, its typed parts and its environment.

    Attributes:
        models: The block `models`.
        agents: The block `agents`.
        plugins: The block `plugins`.
        logs: The block `logs`.
        document: The whole document as plain data, with every `${VAR}` replaced.
        authored: The document as the user wrote it.
        path: The file, or `None` where there is none.
        environ: The process's environment variables, and beneath them those of the document's
            block `env`.
        left_out: The paths of the settings that were left out, because the file is not trusted.
        missing: The variables that settings refer to and that are not set. Such a setting keeps its
            placeholder; it is an error only where it is needed, as `require_provider` says.
    """

    models: ModelsConfig = field(factory=ModelsConfig)
    agents: AgentsConfig = field(factory=AgentsConfig)
    plugins: PluginsConfig = field(factory=PluginsConfig)
    logs: LogsConfig = field(factory=LogsConfig)
    document: Mapping[str, Any] = field(factory=dict, repr=False)
    authored: Mapping[str, Any] = field(factory=dict, repr=False)
    path: FilePath | None = None
    environ: Mapping[str, str] = field(factory=_process_environ, repr=False)
    left_out: tuple[str, ...] = ()
    missing: tuple[MissingVariable, ...] = ()

    @classmethod
    def empty(cls, environ: Mapping[str, str] | None = None) -> Config:
        """Make an empty configuration.

        Args:
            environ: The environment variables; by default those of the process.
        """
        return cls.from_document({}, environ=environ)

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], *, environ: Mapping[str, str] | None = None
    ) -> Config:
        """Make a configuration from data with the keys of a configuration file.

        Args:
            document: The data, which is copied.
            environ: The environment variables; by default those of the process.

        Raises:
            ConfigError: The data does not follow the schema; all its problems are listed.
        """
        config, problems = build_config(document, environ)
        if config is None:
            listed = [Problem(format_path(path), message) for path, message in problems]
            raise ConfigError(SUMMARY, problems=listed)
        return config

    def provider(self, name: str) -> ProviderConfig:
        """The configuration of a provider; an empty one where nothing is configured."""
        folded = fold_provider(name)
        return self.models.providers.get(folded) or ProviderConfig(id=folded)

    def require_variables(self, *places: Path) -> None:
        """Check that the settings at and beneath these paths have all their variables.

        Raises:
            VariableNotSet: A variable is not set; all of them are listed, each with its path.
        """
        self._refuse_missing(
            item
            for item in self.missing
            if any(item.path[: len(place)] == place for place in places)
        )

    def require_provider(self, *names: str) -> None:
        """Check that the settings of a provider have all their variables.

        Args:
            names: The provider's id and its other names.

        Raises:
            VariableNotSet: As for `require_variables`.
        """
        self._refuse_missing(_of(self.missing, ("models", "providers"), names))

    def require_plugins(self, *names: str) -> None:
        """Check that the settings of plugins have all their variables.

        Args:
            names: The names that the plugins have in `plugins.entries`.

        Raises:
            VariableNotSet: As for `require_variables`.
        """
        self._refuse_missing(_of(self.missing, ("plugins", "entries"), names))

    def require_reference(self, text: str) -> None:
        """Check that a model's name in the configuration has all its variables.

        Args:
            text: The name; one without a placeholder needs none.

        Raises:
            VariableNotSet: As for `require_variables`.
        """
        if has_placeholder(text):
            self._refuse_missing(
                item
                for item in self.missing
                if str(value_at(self.document, item.path)).strip() == text.strip()
            )

    def _refuse_missing(self, missing: Iterable[MissingVariable]) -> None:
        needed = list(missing)
        names = {each.name for each in needed}
        # A variable of the block `env` may itself need another one.
        needed += [
            each
            for each in self.missing
            if each not in needed and each.path[0] == "env" and each.path[-1] in names
        ]
        problems = [Problem(format_path(each.path), each.message, each.line) for each in needed]
        if problems:
            source = str(self.path) if self.path else None
            raise VariableNotSet(SUMMARY, problems=problems, source=source)

    def aliases(self) -> dict[str, str]:
        """The user's short names for models, in lower case, and their references.

        Of duplicate names the last one counts.
        """
        return {
            entry.alias.strip().casefold(): name.strip()
            for name, entry in self.agents.defaults.models.items()
            if entry.alias and entry.alias.strip() and not name.strip().endswith("*")
        }

    def expand_alias(self, text: str) -> str:
        """Replace an alias by its reference; other texts are not changed.

        The exact name of a model that is configured comes first, so that no alias can hide it.
        """
        name = text.strip()
        return name if self.names_model(name) else self.aliases().get(name.casefold(), name)

    def names_model(self, text: str) -> bool:
        """Whether a text is `provider/model-id` of a model that the document configures."""
        ref = ModelRef.parse(text)
        if ref is None:
            return False
        described = self.models.providers.get(ref.provider)
        if described is not None and any(model.id == ref.model for model in described.models):
            return True
        return any(ModelRef.parse(key) == ref for key in self.agents.defaults.models)

    def params_for(self, *references: str) -> dict[str, Any]:
        """Request parameters for a model: those for all models, then those for this one.

        Args:
            references: The model, as `provider/model-id`, under each of its provider's names.
        """
        return {**self.agents.defaults.params, **self.own_params(*references)}

    def own_params(self, *references: str) -> dict[str, Any]:
        """Request parameters for this model alone; the arguments are those of `params_for`."""
        wanted = {_comparable(reference) for reference in references}
        params: dict[str, Any] = {}
        for name, entry in self.agents.defaults.models.items():
            if _comparable(name) in wanted:
                params.update(entry.params)
        return params


def build_config(
    document: Any, environ: Mapping[str, str] | None, path: FilePath | None = None
) -> tuple[Config | None, list[tuple[Path, str]]]:
    """Make a configuration, or list all its problems, each with its path."""
    if not isinstance(document, Mapping):
        return None, [((), f"expected an object at the top level, found {describe(document)}")]
    authored, problems = plain_data(document)
    env = read_env_block(authored.get("env"), os.environ if environ is None else environ)
    rest = {key: value for key, value in authored.items() if key != "env"}
    resolved, missing = substitute(rest, env.environ, wanted=is_read)
    missing += env.missing
    resolved = {key: resolved.get(key, env.data) for key in authored}
    problems += env.problems
    sections, mistakes = structure_sections(resolved, authored)
    if problems or mistakes:
        problems += [(item.path, item.message) for item in missing]
    reported = {place for place, _ in problems}
    problems += [mistake for mistake in mistakes if mistake[0] not in reported]
    if problems or sections is None:
        return None, problems
    config = Config(
        models=sections.models,
        agents=sections.agents,
        plugins=sections.plugins,
        logs=sections.logs,
        document=resolved,
        authored=authored,
        path=path,
        environ=env.environ,
        missing=tuple(missing),
    )
    return config, []


def _of(
    missing: Iterable[MissingVariable], root: Path, names: Iterable[str]
) -> Iterator[MissingVariable]:
    wanted = {fold_provider(name) for name in names}
    for item in missing:
        if (
            item.path[:2] == root
            and len(item.path) > 2
            and fold_provider(str(item.path[2])) in wanted
        ):
            yield item


def _comparable(reference: str) -> ModelRef | str:
    return ModelRef.parse(reference) or reference.strip()
