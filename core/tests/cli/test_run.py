"""`imgedit.cli.main` called in this process: codes come back, nothing escapes."""

from __future__ import annotations

import json

import click
import pytest

from imgedit.cli import main
from imgedit.cli.app import app


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path))
    monkeypatch.setenv("IMGEDIT_PLUGINS", "")
    # What is found without plugins must not stay for the tests that come after in this process.
    monkeypatch.setattr("imgedit.discovery.catalog._of_this_process", None)
    for name in ("IMGEDIT_PROVIDER", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def test_it_returns_and_can_be_called_again(capsys):
    for _ in range(2):
        assert main(["--version"]) == 0
        assert capsys.readouterr().out.startswith("imgedit ")
        assert main(["nonsense"]) == 2
        assert "there is no command 'nonsense'" in capsys.readouterr().err
    assert main([]) == 0
    assert "Usage: imgedit" in capsys.readouterr().out


@pytest.fixture
def failing(monkeypatch):
    """`imgedit fails`, which raises what it is given."""

    def make(error: BaseException) -> None:
        @click.command()
        @click.option("--json", "as_json", is_flag=True)
        @click.option("--verbose", is_flag=True)
        def fails(**options: bool) -> None:
            raise error

        monkeypatch.setitem(app.commands, "fails", fails)
        monkeypatch.setattr(
            type(app), "get_command", lambda self, ctx, name: self.commands.get(name)
        )

    return make


def test_a_bug_is_one_sentence_and_a_traceback_only_if_wanted(failing, capsys):
    failing(ZeroDivisionError("secret detail"))
    assert main(["fails"]) == 70
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "Error: a bug in imgedit: ZeroDivisionError. Nothing was charged. "
        "Please report it with what --verbose shows.\n"
    )
    assert main(["fails", "--verbose"]) == 70
    assert "Traceback" in capsys.readouterr().err
    assert main(["fails", "--json"]) == 70
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["type"], error["charged"]) == ("InternalError", "no")


def test_ctrl_c_outside_of_a_job(failing, capsys):
    failing(KeyboardInterrupt())
    assert main(["fails"]) == 130
    assert "Error: interrupted. Nothing was charged." in capsys.readouterr().err
    assert main(["fails", "--json"]) == 130
    assert json.loads(capsys.readouterr().out)["error"]["type"] == "Interrupted"


def test_text_from_elsewhere_does_not_steer_the_terminal(failing, capsys):
    from imgedit import ProviderError

    failing(ProviderError("it said \x1b[2J\x9b31m\x07 and more"))
    assert main(["fails"]) == 7
    err = capsys.readouterr().err
    assert not set("\x1b\x9b\x07") & set(err)
    assert "and more" in err
