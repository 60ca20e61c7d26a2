import pytest

from modelwire.errors import ConfigError
from modelwire.transport import proxy_for

PROXY = "http://proxy:3128"


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("https://a.example/", {}, None),
        ("https://a.example/", {"HTTPS_PROXY": PROXY}, PROXY),
        ("https://a.example/", {"https_proxy": PROXY}, PROXY),
        ("https://a.example/", {"HTTP_PROXY": PROXY}, None),
        ("http://a.example/", {"HTTP_PROXY": PROXY}, PROXY),
        ("http://a.example/", {"HTTPS_PROXY": PROXY}, None),
        ("https://a.example/", {"ALL_PROXY": PROXY}, PROXY),
        ("http://a.example/", {"all_proxy": PROXY}, PROXY),
        ("https://a.example/", {"ALL_PROXY": "http://other:1", "HTTPS_PROXY": PROXY}, PROXY),
        ("https://a.example/", {"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, PROXY),
        ("https://a.example/", {"https_proxy": "", "HTTPS_PROXY": PROXY}, None),
        ("https://a.example/", {"HTTPS_PROXY": " "}, None),
        ("https://a.example/", {"HTTPS_PROXY": "proxy:3128"}, PROXY),
        ("http://a.example/", {"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, None),
        ("http://a.example/", {"http_proxy": PROXY, "REQUEST_METHOD": "GET"}, PROXY),
    ],
)
def test_the_variable_for_the_scheme_names_the_proxy(url, environ, proxy):
    assert proxy_for(url, environ) == proxy


@pytest.mark.parametrize(
    ("host", "no_proxy", "direct"),
    [
        ("a.example", "*", True),
        ("a.example", "a.example", True),
        ("A.Example", "a.EXAMPLE", True),
        ("b.a.example", "a.example", True),
        ("b.a.example", ".a.example", True),
        ("a.example", ".a.example", True),
        ("b.a.example", "*.a.example", True),
        ("a.example.", "a.example", True),
        ("ba.example", "a.example", False),
        ("a.example", "b.example", False),
        ("a.example", "x, a.example ,y", True),
        ("a.example", "x a.example", True),
        ("a.example", "a.example:443", True),
        ("a.example", "a.example:8443", False),
        ("a.example:8443", "a.example:8443", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3:443", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "2.3", False),
        ("10.1.2.3", "fd00::/8", False),
        ("[fd00::1]", "fd00::1", True),
        ("[fd00::1]", "[fd00::1]", True),
        ("[fd00::1]", "[fd00::1]:443", True),
        ("[fd00::1]", "fd00::/8", True),
        ("a.example", "10.0.0.0/8,,nonsense/99", False),
        ("a.example", ".", False),
    ],
)
def test_no_proxy_lists_what_is_reached_directly(host, no_proxy, direct):
    for name in ("NO_PROXY", "no_proxy"):
        environ = {"HTTPS_PROXY": PROXY, name: no_proxy}
        assert proxy_for(f"https://{host}/v1", environ) == (None if direct else PROXY)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8080", "api.localhost", "127.0.0.1", "127.9.9.9", "[::1]:1234"]
)
def test_loopback_is_always_direct(host):
    assert proxy_for(f"http://{host}/", {"HTTP_PROXY": PROXY, "ALL_PROXY": PROXY}) is None


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/", "a.example", "https:///v1", "https://a:b/", "http://a/ b", "http://a\n"],
)
def test_what_is_no_web_address_is_a_configuration_error(url):
    with pytest.raises(ConfigError):
        proxy_for(url, {})
