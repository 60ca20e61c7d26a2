"""An STS on loopback that checks the signature of GetCallerIdentity as AWS does, with botocore."""

import contextlib
from urllib.parse import parse_qsl

from aiohttp import web
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

__all__ = ["FakeSts", "fake_sts"]


class FakeSts:
    """What it knows and what it was asked.

    Attributes:
        people: The secret key and the ARN behind each access key id.
        asked: The requests, as their headers and parameters.
        answer: Answers in place of the usual one, if set.
    """

    def __init__(self):
        self.people = {}
        self.asked = []
        self.answer = None
        self.url = ""

    async def handle(self, request):
        fields = dict(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True))
        self.asked.append((dict(request.headers), fields))
        if self.answer is not None:
            return await self.answer(request)
        key_id = fields["X-Amz-Credential"].partition("/")[0]
        secret, arn = self.people.get(key_id, ("", ""))
        if (
            not secret
            or self._signature(request, fields, key_id, secret) != fields["X-Amz-Signature"]
        ):
            return web.json_response({"Error": {"Code": "SignatureDoesNotMatch"}}, status=403)
        result = {"Account": arn.split(":")[4], "Arn": arn, "UserId": "AIDA"}
        return web.json_response({"GetCallerIdentityResponse": {"GetCallerIdentityResult": result}})

    def _signature(self, request, fields, key_id, secret):
        region = fields["X-Amz-Credential"].split("/")[2]
        auth = SigV4QueryAuth(Credentials(key_id, secret), "sts", region)
        query = request.rel_url.raw_query_string.split("&")
        unsigned = "&".join(part for part in query if not part.startswith("X-Amz-Signature="))
        signed = [name for name in fields["X-Amz-SignedHeaders"].split(";") if name != "host"]
        again = AWSRequest(
            "GET",
            f"https://{request.headers['Host']}/?{unsigned}",
            headers={name: request.headers.get(name, "") for name in signed},
        )
        again.context["timestamp"] = fields["X-Amz-Date"]
        canonical = auth.canonical_request(again)
        return auth.signature(auth.string_to_sign(again, canonical), again)


@contextlib.asynccontextmanager
async def fake_sts():
    """The running service."""
    service = FakeSts()
    app = web.Application()
    app.router.add_get("/{path:.*}", service.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield service
    finally:
        await runner.cleanup()
