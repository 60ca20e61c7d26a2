"""The prepared signature: Signature Version 4 for requests that differ in their bodies alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from modelwire_bedrock.aws.sigv4 import authorization, place_of, signed_fields, signing_date

if TYPE_CHECKING:
    from modelwire.transport import Request

__all__ = ["PreparedSignature"]

_DATE, _TOKEN = "x-amz-date", "x-amz-security-token"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[^/]*/\d{8}/([^/]+)/([^/]+)/aws4_request, "
    r"SignedHeaders=([^,]+), Signature="
)


@frozen
class PreparedSignature:
    """All of a signature that is known before there is a body.

    Attributes:
        region: The region that requests are signed for.
        service: The name under which they are signed.
    """

    region: str
    service: str
    _target: str = field(repr=False)
    _before: str = field(repr=False)
    _between: str = field(repr=False)
    _behind: str = field(repr=False)
    _names: tuple[str, str] = field(repr=False)

    @classmethod
    def of(cls, request: Request, headers: Mapping[str, str]) -> PreparedSignature | None:
        """Prepare for requests like one that botocore has signed.

        Args:
            request: The request. Where it has no signature of version 4, or one that covers other
                fields, the outcome is `None`.
            headers: The header fields that all of them have, without those that signing adds.
        """
        found = _SIGNED.match(request.headers.get("Authorization", ""))
        if found is None:
            return None
        names = [name for name in found[3].split(";") if name not in (_DATE, _TOKEN)]
        return cls.covering(names, request.method, request.url, headers, found[1], found[2])

    @classmethod
    def covering(
        cls,
        names: Sequence[str],
        method: str,
        url: str,
        headers: Mapping[str, str],
        region: str,
        service: str,
    ) -> PreparedSignature | None:
        """Prepare for requests with known fields.

        Args:
            names: The names of the fields that are signed, without those that signing adds, in lower
                case and in order.
            method: The method of HTTP.
            url: The whole address.
            headers: The header fields that all requests have, without those that signing adds. Where
                one that is to be signed is not among them, the outcome is `None`.
            region: The region to sign for.
            service: The name to sign with.
        """
        place = place_of(url)
        known = signed_fields(headers, place.host)
        if not known.keys() >= set(names):
            return None
        lines = [(name, f"{name}:{known[name]}\n") for name in names]
        return cls(
            region,
            service,
            f"{method}\n{place.path}\n{place.query}\n",
            "".join(line for name, line in lines if name < _DATE),
            "".join(line for name, line in lines if _DATE < name < _TOKEN),
            "".join(line for name, line in lines if name > _TOKEN),
            (";".join(sorted([*names, _DATE])), ";".join(sorted([*names, _DATE, _TOKEN]))),
        )

    def sign(self, keys: Any, body: bytes, date: str | None = None) -> dict[str, str]:
        """The header fields that sign a body.

        Args:
            keys: Frozen credentials of botocore.
            body: The whole body.
            date: The time to sign with, as `X-Amz-Date` has it; by default the present one.
        """
        date = date or signing_date()
        added = {"X-Amz-Date": date}
        lines = f"{self._before}{_DATE}:{date}\n{self._between}"
        if keys.token:
            added["X-Amz-Security-Token"] = keys.token
            lines += f"{_TOKEN}:{keys.token}\n"
        names = self._names[1 if keys.token else 0]
        digest = hashlib.sha256(body).hexdigest()
        canonical = f"{self._target}{lines}{self._behind}\n{names}\n{digest}"
        added["Authorization"] = authorization(
            keys, date, self.region, self.service, names, canonical
        )
        return added
