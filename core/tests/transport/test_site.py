"""Where requests go, and what goes with them."""

from __future__ import annotations

from typing import Any

import pytest

from imgedit.contract.exchange import HttpRequest
from imgedit.errors import ConfigError, PluginError
from imgedit.transport import Credentials, Site
from imgedit.transport.site import safe_url

KEY = Credentials({"X-Api-Key": "canary"}, ["canary"])


def site(base_url: str = "https://api.acme.example/v1", **facts: Any) -> Site:
    return Site(name="acme", base_url=base_url, credentials=KEY, **facts)


def get(url: str, **facts: Any) -> HttpRequest:
    return HttpRequest(method="GET", url=url, purpose="poll", **facts)


@pytest.mark.parametrize("slash", ("", "/"))
def test_a_path_is_laid_behind_the_base_url(slash: str) -> None:
    target = site(f"https://api.acme.example/v1{slash}").target(get("/jobs/a%2Fb"))
    assert target.url == "https://api.acme.example/v1/jobs/a%2Fb"
    assert target.trusted


def test_queries() -> None:
    query: dict[str, str | int | bool] = {"q": "a b&c/ü", "n": 2, "deep": True}
    target = site().target(get("/jobs", query=query))
    assert target.url.endswith("/jobs?q=a%20b%26c%2F%C3%BC&n=2&deep=true")


def test_further_hosts_take_the_credentials() -> None:
    queue = site(hosts={"queue": "https://queue.acme.example/q"})
    target = queue.target(get("queue:/jobs/1"))
    assert (target.url, target.trusted) == ("https://queue.acme.example/q/jobs/1", True)
    with pytest.raises(PluginError, match="other"):
        queue.target(get("other:/jobs/1"))


def test_an_absolute_url_goes_out_as_it_is_without_credentials() -> None:
    url = "https://cdn.example/a//b/../c%2f?x=%7e&sig=a/b%2B==&e="
    target = site().target(get(url))
    assert (target.url, target.trusted) == (url, False)
    own = site().target(get("https://api.acme.example/v1/jobs"))
    assert not own.trusted


def test_http_only_while_the_base_url_is() -> None:
    with pytest.raises(PluginError, match="https"):
        site().target(get("http://cdn.example/a"))
    local = site("http://127.0.0.1:8000")
    assert local.target(get("http://127.0.0.1:9000/a")).url == "http://127.0.0.1:9000/a"


@pytest.mark.parametrize(
    "url", ("https://user:pw@cdn.example/", "https://", "https://cdn.example\\@127.0.0.1/")
)
def test_unusable_absolute_urls(url: str) -> None:
    with pytest.raises(PluginError):
        site().target(get(url))


@pytest.mark.parametrize(
    "url",
    (
        "ftp://acme.example",
        "https://",
        "acme.example",
        "https://user:pw@acme.example",
        "https://acme.example?x=1",
        "https://acme.example#x",
        "https://acme .example",
        "https://acme.example:port",
        "http://acme.example",
        "http://10.0.0.1",
    ),
)
def test_unusable_base_urls(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        site(url)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("host", ("127.0.0.1", "localhost", "[::1]", "127.8.8.8"))
def test_http_to_this_machine_is_fine(host: str) -> None:
    local = site(f"http://{host}:8000/v1")
    assert local.insecure
    assert local.private_host == host.strip("[]")


def test_a_private_base_url_must_be_the_users() -> None:
    assert site("http://10.0.0.1", allow_insecure=True).private_host == "10.0.0.1"
    assert site("https://acme.corp.example").private_host is None
    assert site("https://acme.corp.example", configured=True).private_host == "acme.corp.example"
    assert site("https://8.8.8.8", configured=True).private_host is None


def test_blanks_and_letters_are_quoted_and_controls_refused() -> None:
    assert safe_url("https://cdn.example/a b/ü%20") == "https://cdn.example/a%20b/%C3%BC%20"
    assert safe_url("https://Bücher.example:1/x") == "https://xn--bcher-kva.example:1/x"
    for bad in ("https://cdn.example/\r\nX: y", "https://cdn.example/\x00", "file:///etc/passwd"):
        with pytest.raises(ValueError, match="it"):
            safe_url(bad)


def test_nothing_shows_the_key() -> None:
    assert "canary" not in repr(site())
