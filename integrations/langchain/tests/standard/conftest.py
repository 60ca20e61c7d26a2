"""The Bedrock emulator for LangChain's standard suites, and the files that they would download."""

import struct
import zlib

import httpx
import pytest

from modelwire_bedrock.emulator import Emulator

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@pytest.fixture(scope="session", autouse=True)
def emulator():
    """Every model of the suites is asked of it, as the environment says."""
    with pytest.MonkeyPatch.context() as patch, Emulator() as emulator:
        for name, value in emulator.environ().items():
            patch.setenv(name, value)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield emulator


@pytest.fixture(autouse=True)
def files(monkeypatch):
    """A picture and a document in place of those on the web, which is not asked."""

    def get(url, **_options):
        return httpx.Response(200, content=picture() if url.endswith(".png") else PDF)

    monkeypatch.setattr(httpx, "get", get)


def picture():
    """A PNG of 16 by 16 white pixels."""

    def part(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    rows = (b"\0" + b"\xff" * 16) * 16
    header = struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0)
    parts = part(b"IHDR", header) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts
