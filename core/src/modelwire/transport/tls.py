"""TLS settings."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import lru_cache
from os import pathsep
from pathlib import Path

from attrs import frozen

from modelwire.errors import ConfigError
from modelwire.files import user_path
from modelwire.forks import ForkSafeLock

__all__ = ["TrustSettings", "context_for", "trust_settings"]


@frozen
class TrustSettings:
    """The sources of certificates.

    Attributes:
        authorities: The sources of trusted certificates, with the paths of their files or
            directories; empty for the system's own.
        client_cert: The files of a client certificate and its key, or `None`.
        versions: The modification times of these files, so that a renewed one is read again.
    """

    authorities: tuple[tuple[str, Path], ...] = ()
    client_cert: tuple[Path, Path] | None = None
    versions: tuple[int, ...] = ()


def trust_settings(
    environ: Mapping[str, str],
    ca_bundle: Path | str | None = None,
    client_cert: tuple[Path | str, Path | str] | None = None,
) -> TrustSettings:
    """Choose the sources of certificates.

    A bundle of the caller overrides `SSL_CERT_FILE` and `SSL_CERT_DIR`, and these override the
    system's store, as in OpenSSL.

    Raises:
        ConfigError: A file does not exist or cannot be accessed.
    """
    if ca_bundle:
        named = [("The CA bundle", ca_bundle)]
    else:
        # SSL_CERT_DIR is a list, as PATH is.
        places = [("SSL_CERT_FILE", environ.get("SSL_CERT_FILE", ""))]
        places += [
            ("SSL_CERT_DIR", path) for path in environ.get("SSL_CERT_DIR", "").split(pathsep)
        ]
        named = [(name, path) for name, path in places if path]
    authorities = tuple((name, user_path(path)) for name, path in named)
    files = list(authorities)
    pair = None
    if client_cert is not None:
        pair = (user_path(client_cert[0]), user_path(client_cert[1]))
        files += [("The client certificate", pair[0]), ("The client certificate's key", pair[1])]
    return TrustSettings(authorities, pair, tuple(_version(name, path) for name, path in files))


def context_for(settings: TrustSettings) -> ssl.SSLContext:
    """Build the TLS context, or reuse the one built for the same settings.

    Reading a store of certificates takes tens of milliseconds, so call this off the event loop.

    Raises:
        ConfigError: A file cannot be read or holds no certificate.
    """
    with _building:
        return _build(settings)


_building = ForkSafeLock()


@lru_cache(maxsize=16)
def _build(settings: TrustSettings) -> ssl.SSLContext:
    if settings.authorities:
        (first, *others) = settings.authorities
        context = _trusting(None, *first)
        for other in others:
            _trusting(context, *other)
    else:
        context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if settings.client_cert is not None:
        _identify(context, *settings.client_cert)
    return context


def _trusting(context: ssl.SSLContext | None, name: str, path: Path) -> ssl.SSLContext:
    cafile, capath = (None, str(path)) if path.is_dir() else (str(path), None)
    try:
        if context is None:
            # Given a place to read from, this leaves the system's store out.
            return ssl.create_default_context(cafile=cafile, capath=capath)
        context.load_verify_locations(cafile=cafile, capath=capath)
    except ssl.SSLError as error:
        raise ConfigError(
            f"{name} ({path}) holds no certificate that can be read.",
            hint="It must be a file of PEM certificates, or a directory made by `openssl rehash`.",
        ) from error
    except OSError as error:
        raise _unreadable(name, path, error) from error
    return context


def _identify(context: ssl.SSLContext, certfile: Path, keyfile: Path) -> None:
    try:
        # Without a password, OpenSSL would ask for one on the terminal.
        context.load_cert_chain(str(certfile), str(keyfile), password=lambda: "")
    except ssl.SSLError as error:
        raise ConfigError(
            f"The client certificate {certfile} and the key {keyfile} cannot be used together.",
            hint="Both must be PEM files, made for each other, and the key must not be encrypted.",
        ) from error
    except OSError as error:
        raise _unreadable("The client certificate", certfile, error) from error


def _version(name: str, path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise _unreadable(name, path, error) from error


def _unreadable(name: str, path: Path, error: OSError) -> ConfigError:
    reason = (error.strerror or "it cannot be read").lower()
    return ConfigError(
        f"{name} ({path}) cannot be read: {reason}.",
        hint="Name a file of PEM certificates, or take the setting away to trust the system's own.",
    )
