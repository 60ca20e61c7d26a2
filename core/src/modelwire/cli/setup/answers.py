"""The answers to a guide's questions: from the command's options, or from the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import click

from modelwire.cli.output import echo, prompt
from modelwire.hookspecs import Question

__all__ = ["ask", "check_answer", "flag_of", "from_options"]

_OPTIONS = frozenset({"base_url", "api_key_env", "region", "profile"})
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY_LIKE = re.compile(r"(sk|pk|key|gsk|hf)_?[A-Za-z0-9_]{24,}|[a-z0-9_]{32,}")


def from_options(questions: Iterable[Question], given: Mapping[str, str]) -> dict[str, str]:
    """Answer the questions with the options that were given, and the rest with the defaults.

    Raises:
        click.UsageError: An answer is missing, not valid, or to a question that was not asked.
    """
    questions = list(questions)
    check_names(questions, given)
    answers: dict[str, str] = {}
    for question in questions:
        value = (given.get(question.name) or question.default or "").strip()
        if value:
            check_answer(question, value)
            answers[question.name] = value
        elif question.required:
            msg = f"{question.text}: give {flag_of(question.name)}."
            raise click.UsageError(msg)
    return answers


def ask(questions: Iterable[Question], given: Mapping[str, str]) -> dict[str, str]:
    """Ask on the terminal what the options do not answer.

    Raises:
        click.UsageError: An option is not valid, or answers a question that was not asked.
    """
    questions = list(questions)
    check_names(questions, given)
    answers: dict[str, str] = {}
    for question in questions:
        value = given.get(question.name)
        if value is None:
            value = _prompt(question)
        else:
            check_answer(question, value.strip())
        if value.strip():
            answers[question.name] = value.strip()
    return answers


def check_names(questions: Iterable[Question], given: Mapping[str, str]) -> None:
    """Refuse answers to questions that are not asked."""
    names = {question.name for question in questions}
    for name in given:
        if name not in names:
            msg = f"{flag_of(name)} does not apply to this provider."
            raise click.UsageError(msg)


def check_answer(question: Question, value: str) -> None:
    """Refuse an answer of the wrong kind, without repeating it: it may be a secret.

    Raises:
        click.UsageError: It is of the wrong kind.
    """
    problem = None
    if question.kind == "variable" and not (
        _VARIABLE.fullmatch(value) and not _KEY_LIKE.fullmatch(value)
    ):
        problem = "this must be the name of an environment variable, such as ACME_API_KEY, not the key itself"
    elif question.kind == "url":
        problem = _url_problem(value)
    if problem is not None:
        msg = f"{flag_of(question.name)}: {problem}."
        raise click.UsageError(msg)


def flag_of(name: str) -> str:
    """The option that answers a question."""
    return f"--{name.replace('_', '-')}" if name in _OPTIONS else f"--answer {name}=..."


def _prompt(question: Question) -> str:
    while True:
        value: str = prompt(
            question.text,
            default=question.default or ("" if not question.required else None),
            show_default=bool(question.default),
        ).strip()
        try:
            if value:
                check_answer(question, value)
        except click.UsageError as error:
            echo(error.message, err=True)
        else:
            return value


def _url_problem(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        host, login = parts.hostname, parts.username or parts.password
        _ = parts.port
    except ValueError:
        host, login, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        return "this must be an address that begins with http:// or https://"
    if login:
        return "keep user name and password out of the address; name a variable for the key"
    return None
