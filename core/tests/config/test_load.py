from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from imgedit import ConfigError
from imgedit.config import AddonsConfig, Config, ProviderConfig, load_config
from imgedit.config.load import read_days

NONE, SHOP = "label = ''\n", "label = 'shop'\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def refusal(file: Path, text: str | bytes) -> ConfigError:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert str(file) in caught.value.message
    assert caught.value.hint
    return caught.value


def test_no_file_and_an_empty_file_are_the_defaults(file: Path) -> None:
    assert load_config(file) == Config()
    file.touch()
    assert load_config(file) == Config(file=file)
    assert Config().journal is True


def test_everything_that_can_be_set(file: Path) -> None:
    file.write_text(
        'provider = "acme"\n'
        'journal = "jobs/journal.sqlite3"\n'
        'proxy = "http://user:secret@proxy.example:3128"\n'
        "[providers.acme]\n"
        'base_url = "http://acme.example/v1"\n'
        "allow_insecure = true\n"
        "api_key_command = ['acme-vault', 'read', 'the key']\n"
        "rate = 'pro above 1,000'\n"
        "[addons]\n"
        "required = ['imgedit-policy', 'shop.addon2']\n"
        "[providers.other]\n"
        "api_key_command = {key = ['a'], project = ['b', 'c']}\n",
        encoding="utf-8",
    )
    config = load_config(file)
    assert config.provider == "acme"
    assert config.journal == file.parent / "jobs" / "journal.sqlite3"
    assert config.proxy == "http://user:secret@proxy.example:3128"
    acme = ProviderConfig(
        base_url="http://acme.example/v1",
        allow_insecure=True,
        api_key_command={"key": ("acme-vault", "read", "the key")},
        rate="pro above 1,000",
    )
    assert config.of("acme") == acme
    assert config.of("other").api_key_command == {"key": ("a",), "project": ("b", "c")}
    assert config.of("third") == ProviderConfig()
    assert config.addons == AddonsConfig(required=("imgedit-policy", "shop.addon2"))
    assert config.file == file
    assert "secret" not in repr(config)


def test_a_budget_for_what_has_a_label_or_none(file: Path) -> None:
    file.write_text("".join(f"[[budgets]]\namount = '5 USD'\n{one}" for one in ("", NONE, SHOP)))
    assert [budget.label for budget in load_config(file).budgets] == [None, "", "shop"]
    for text in ("' '", "5"):
        error = refusal(file, f"[[budgets]]\namount = '5 USD'\nlabel = {text}")
        assert "budgets[1].label is not a text in quotes" in error.message


def test_the_journal_can_be_off_or_elsewhere(file: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    for text, expected in (("false", False), ("true", True), (f"'{elsewhere}'", elsewhere)):
        file.write_text(f"journal = {text}")
        assert load_config(file).journal == expected
    file.write_text("journal = '~/jobs.db'")
    assert load_config(file).journal == Path.home() / "jobs.db"


def test_a_byte_order_mark_does_no_harm(file: Path) -> None:
    file.write_bytes(b'\xef\xbb\xbfprovider = "acme"\r\n')
    assert load_config(file).provider == "acme"


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    (
        ("provder = 'acme'", "'provder'", "Did you mean provider?"),
        ("Journal = false", "'Journal'", "Did you mean journal?"),
        (
            "zzz = 1",
            "'zzz'",
            (
                "Known are: provider, journal, proxy, providers, addons, budgets, timezone, "
                "retention, keep_prompts."
            ),
        ),
        (
            "[providers.acme]\nbaseurl = 'https://x'",
            "'providers.acme.baseurl'",
            "Did you mean base_url?",
        ),
        (
            "[providers.acme]\napi_key = 'sk-canary'",
            "'providers.acme.api_key'",
            "Did you mean api_key_command?",
        ),
    ),
)
def test_an_unknown_key_is_refused_with_the_nearest(
    file: Path, text: str, key: str, hint: str
) -> None:
    error = refusal(file, text)
    assert f"there is no setting {key}" in error.message
    assert error.hint == hint
    assert "canary" not in str(error)


def test_broken_toml_names_the_line(file: Path) -> None:
    assert "line 2" in refusal(file, "provider = 'acme'\njournal = fals\n").message


@pytest.mark.parametrize(
    ("text", "named"),
    (
        ("provider = 3", "provider is not"),
        ("provider = ' '", "provider is not"),
        ("provider = 'Acme!'", "provider is not the name of a provider"),
        ("journal = 1", "journal is not false, or the path"),
        ("journal = ''", "journal is not"),
        ("journal = '~nobody-of-this-name/x'", "no such home folder"),
        ("proxy = 'proxy.example:3128'", "proxy is not the URL"),
        ("proxy = 'socks5://user:canary@proxy.example'", "proxy is not the URL"),
        ("proxy = 'http://canary@x:99999'", "proxy is not the URL"),
        ("addons = ['imgedit-policy']", "addons is not a table"),
        ("[addons]\nrequired = 'imgedit-policy'", "addons.required is not a list"),
        ("[addons]\nrequired = ['imgedit-policy', 1]", "addons.required is not a list"),
        ("[addons]\nrequired = ['imgedit_policy>=1']", "addons.required is not a list"),
        ("[addons]\nrequires = ['imgedit-policy']", "there is no setting 'addons.requires'"),
        ("providers = 1", "providers is not a table"),
        ("[providers]\nacme = 'x'", r"providers.acme is not a table"),
        ("[providers.Acme]", "providers.Acme is not the name"),
        ("[providers.acme]\nbase_url = 3", "providers.acme.base_url is not a text"),
        ("[providers.acme]\nallow_insecure = 'yes'", "allow_insecure is not true or false"),
        ("[providers.acme]\nrate = 0.1", "providers.acme.rate is not a text"),
        ("[providers.acme]\nlimit = '\u00b2/s'", "providers.acme.limit is not a number per time"),
        (f"[providers.acme]\nlimit = '{'9' * 5000}/s'", "providers.acme.limit is not a number"),
        ("[providers.acme]\nlimit = '0/s'", "providers.acme.limit is not a number per time"),
        ("retention = '\u00b2d'", "retention is not a time"),
        ("retention = '1000000d'", "retention is not a time"),
        (f"retention = '{'9' * 5000}d'", "retention is not a time"),
        ("[providers.acme]\napi_key_command = 'canary'", "api_key_command is not a list"),
        ("[providers.acme]\napi_key_command = []", "api_key_command is not a list"),
        ("[providers.acme]\napi_key_command = ['a', 3]", "api_key_command is not a list"),
        ("[providers.acme]\napi_key_command = ['']", "a list that begins with a program"),
        ("[providers.acme]\napi_key_command = {key = 'canary'}", "api_key_command is not a list"),
    ),
)
def test_a_value_of_the_wrong_type_is_refused(file: Path, text: str, named: str) -> None:
    error = refusal(file, text)
    assert named in error.message
    assert "canary" not in str(error)


def test_what_is_no_text_is_refused(file: Path) -> None:
    assert "not UTF-8" in refusal(file, b"provider = '\xff'").message


def test_deep_nesting_is_refused(file: Path) -> None:
    assert "nested too deeply" in refusal(file, "provider = " + "[" * 10_000).message


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("text", "days"),
    (
        ("30d", 30),
        (" 12h ", 0.5),
        ("0h", 0),
        ("36500d", 36500),
        ("36501d", None),
        ("1000000d", None),
        ("9999999h", None),
        ("\u00b2d", None),
        ("\u0663d", None),
        ("1_0d", None),
        ("-5d", None),
        ("1.5d", None),
        ("d", None),
        ("", None),
    ),
)
def test_a_span_of_time(text: str, days: float | None) -> None:
    assert read_days(text) == days
    if days is not None:
        assert (datetime.now(UTC) - timedelta(days=days)).year > 1900  # what is done with it
