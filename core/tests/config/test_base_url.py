from __future__ import annotations

import pytest

from imgedit import ConfigError
from imgedit.config import Config, ProviderConfig, base_url_for

HTTPS = "https://api.acme.example/v1"


def config(**settings: object) -> Config:
    return Config(providers={"acme": ProviderConfig(**settings)})  # type: ignore[arg-type]


def test_the_environment_goes_before_the_file_and_that_before_the_manifest() -> None:
    assert base_url_for("acme", HTTPS, environ={}) == HTTPS
    own = config(base_url="https://own.example")
    assert base_url_for("acme", HTTPS, environ={}, config=own) == "https://own.example"
    environ = {"IMGEDIT_ACME_BASE_URL": "https://env.example/a"}
    assert base_url_for("acme", HTTPS, environ=environ, config=own) == "https://env.example/a"
    assert base_url_for("other", HTTPS, environ=environ, config=own) == HTTPS
    environ = {"IMGEDIT_ACME_BASE_URL": ""}
    assert base_url_for("acme", HTTPS, environ=environ) == HTTPS


def test_the_real_environment_is_read_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", "http://127.0.0.1:8080")
    assert base_url_for("acme", HTTPS) == "http://127.0.0.1:8080"


def test_none_is_a_provider_without_a_network() -> None:
    assert base_url_for("acme", None, environ={}) is None


@pytest.mark.parametrize(
    ("url", "result"),
    (
        ("https://x.example/", "https://x.example"),
        ("https://x.example/v1/", "https://x.example/v1"),
        ("HTTPS://X.example/V1", "https://X.example/V1"),
        ("https://x.example:8443", "https://x.example:8443"),
        ("https://x.example/a%20b", "https://x.example/a%20b"),
        ("http://localhost:1234/v1", "http://localhost:1234/v1"),
        ("http://127.8.9.10", "http://127.8.9.10"),
        ("http://[::1]:80/", "http://[::1]:80"),
    ),
)
def test_what_is_taken(url: str, result: str) -> None:
    assert base_url_for("acme", url, environ={}) == result


@pytest.mark.parametrize(
    "url",
    (
        "api.acme.example",
        "ftp://api.acme.example",
        "https://",
        "https:///v1",
        "https://x.example:99999",
        "https://x.example:0",
        "https://[::1",
        "https://user:canary@x.example",
        "https://canary@x.example",
        "https://@x.example",
        "https://x.example/v1?key=canary",
        "https://x.example/v1?",
        "https://x.example/v1#canary",
        "https://x.example//",
        "https://x.example/a//b",
        "https://x.example/a/../b",
        "https://x.example/%2E%2e/b",
        "https://x.example/a%2Fb",
        "https://x.example\\@evil.example",
        "https://x.example/a b",
        " https://x.example",
        "https://x.example\n",
        "https://bücher.example",
    ),
)
def test_what_is_refused_and_never_shown(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        base_url_for("acme", HTTPS, environ={"IMGEDIT_ACME_BASE_URL": url})
    assert caught.value.message.startswith("IMGEDIT_ACME_BASE_URL ")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    (
        "acme.example",
        "10.0.0.1",
        "0.0.0.0",
        "127.1",
        "127.0.0.1.example",
        "localhost.example",
        "[::ffff:10.0.0.1]",
        "2130706433",
    ),
)
def test_http_to_another_machine_needs_permission(host: str) -> None:
    url = f"http://{host}/v1"
    with pytest.raises(ConfigError, match="unencrypted") as caught:
        base_url_for("acme", url, environ={})
    assert "allow_insecure" in str(caught.value)
    assert base_url_for("acme", url, environ={}, allow_insecure=True) == url
    assert base_url_for("acme", url, environ={}, config=config(allow_insecure=True)) == url
    with pytest.raises(ConfigError, match="unencrypted"):
        base_url_for("other", url, environ={}, config=config(allow_insecure=True))
