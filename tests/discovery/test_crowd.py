"""Good and bad plugins side by side, installed by pip: each bad one breaks only itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import imgedit

GOOD = ["acme", "editable", "local"]
STALE = (
    "stale install of imgedit-stale, whose checkout is gone: "
    "remove it with pip uninstall imgedit-stale"
)
TWIN = "2 distributions claim the provider name 'twin': "

LISTING = """
import json, sys
from attrs import asdict
from imgedit.discovery import registry

known = registry()
rows = [asdict(row) for row in known.rows()]
light = sorted(name for name in sys.modules if name.startswith("imgedit_"))
heavy = sorted({"aiohttp", "jsonschema", "cattrs", "asyncio", "pydantic"} & set(sys.modules))
checked = [asdict(known.check(name)) for name in known.names()]
print(json.dumps({"rows": rows, "checked": checked, "imported": light, "heavy": heavy}))
"""


@pytest.fixture(scope="module")
def listing(crowded: Any) -> dict[str, Any]:
    """What the crowded environment says of its providers."""
    answer = crowded.run("python", "-c", LISTING, env={"ACME_API_KEY": "x"})
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def named(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in rows}


def test_listing_imports_no_plugin(listing: dict[str, Any]) -> None:
    assert listing["imported"] == []
    assert listing["heavy"] == []


def test_good_ones_are_good(listing: dict[str, Any]) -> None:
    for rows in (named(listing["rows"]), named(listing["checked"])):
        assert {name: rows[name]["status"] for name in GOOD} == dict.fromkeys(GOOD, "ok")
        assert rows["acme"] == {
            "name": "acme",
            "distribution": "imgedit-acme",
            "version": "0.1.0",
            "status": "ok",
            "reason": None,
            "places": [],
            "models": 1,
            "local": False,
            "key": "ACME_API_KEY",
            "key_set": True,
        }
        assert rows["editable"]["version"] == "0.3.0"
        assert rows["editable"]["key_set"] is False
        assert rows["local"]["local"] is True


def test_each_bad_one_has_its_own_true_sentence(listing: dict[str, Any], bad: Any) -> None:
    name, expected = bad
    says = expected.says.format(core=imgedit.__version__)
    row = named(listing["checked"])[name]
    assert (row["status"], row["reason"]) == (expected.status, says)
    row = named(listing["rows"])[name]
    assert row["reason"] == (says if expected.listed else None)


def test_a_deleted_checkout_is_a_stale_install(listing: dict[str, Any]) -> None:
    for rows in (listing["rows"], listing["checked"]):
        row = named(rows)["stale"]
        assert (row["status"], row["reason"]) == ("broken", STALE)
        assert (row["distribution"], row["version"]) == ("imgedit-stale", "0.3.0")


def test_a_name_that_two_claim_names_both(listing: dict[str, Any]) -> None:
    row = named(listing["rows"])["twin"]
    assert row["status"] == "ambiguous"
    assert row["reason"].startswith(TWIN)
    assert "imgedit-twina 0.1.0" in row["reason"]
    assert "imgedit-twinb 0.1.0" in row["reason"]


def test_no_two_sentences_are_the_same(listing: dict[str, Any]) -> None:
    reasons = [row["reason"] for row in listing["checked"] if row["status"] != "ok"]
    assert len(reasons) == len(set(reasons)) == len(listing["rows"]) - len(GOOD)


USING = """
import json, logging
from imgedit import EditRequest, Event, HttpResponse, ImageSource, Job
from imgedit.discovery import registry

logging.basicConfig(level="WARNING", format="%(message)s")
known = registry()
known.emit(Event(kind="done", job_id="01", provider="acme"))
said = []
for name in ("acme", "editable"):
    provider = known.provider(name)
    model = provider.manifest.models[0]
    request = EditRequest(image=ImageSource(url="https://x.example/1.png"), prompt="warmer")
    assert provider.validate(request, model).problems == ()
    job = Job(id="01", provider=name, request=request, model=model)
    sent = provider.build_request(job)
    done = provider.parse_response(job, HttpResponse(status=200, body=b'{"url": "https://y"}'))
    said.append([str(provider.price(request, model).amount), sent.headers, done.images[0].url])
errors = {}
for name in ("boom", "newer", "twin", "stale", "acne"):
    try:
        known.provider(name)
    except Exception as error:
        again = None
        try:
            known.provider(name)
        except Exception as second:
            again = str(second) == str(error) and second is not error
        errors[name] = [type(error).__name__, str(error), error.distribution, again]
import imgedit_tracer
commands = {"names": known.commands(), "extra": known.command("extra")}
try:
    known.command("lost")
except Exception as error:
    commands["lost"] = str(error)
addons = [[row.name, row.status, row.reason] for row in known.addon_rows()]
print(json.dumps([said, errors, imgedit_tracer.heard, commands, addons]))
"""


@pytest.fixture(scope="module")
def used(crowded: Any) -> Any:
    """What came of using the good ones, and of asking for bad ones, among all the others."""
    answer = crowded.run("python", "-W", "error", "-c", USING)
    return [*json.loads(answer.stdout), answer.stderr]


def test_good_ones_work_in_the_crowd(used: Any) -> None:
    assert used[0] == [["0.04", {"X-Trace": "01"}, "https://y"]] * 2


@pytest.mark.parametrize(
    ("name", "type_", "said"),
    (
        ("boom", "BrokenPlugin", "'boom' (imgedit-boom 0.1.0) is installed but broken: importing"),
        ("stale", "BrokenPlugin", f"(imgedit-stale 0.3.0) is installed but broken: {STALE}."),
        ("newer", "IncompatiblePlugin", "Upgrade it: pip install -U imgedit-core."),
        ("twin", "AmbiguousProvider", "Remove all but one: pip uninstall imgedit-twin"),
        ("acne", "UnknownProvider", "no provider 'acne' is installed."),
        ("acne", "UnknownProvider", "Did you mean 'acme'? Installed: Bad-Name, acme, asking,"),
    ),
)
def test_asking_for_a_bad_one_says_why(used: Any, name: str, type_: str, said: str) -> None:
    found_type, text, _, again = used[1][name]
    assert found_type == type_
    assert said in text
    assert again is True


def test_addons_wrap_and_listen_and_break_nothing(used: Any) -> None:
    _, _, heard, _, addons, log = used
    assert heard == ["done"]
    assert addons == [
        ["grumpy", "broken", "importing it raised ZeroDivisionError: division by zero"],
        ["tracer", "ok", None],
    ]
    assert log.count("add-on 'grumpy' (imgedit-grumpy 0.1.0) is installed but broken") == 1


def test_commands_are_loaded_on_use(used: Any) -> None:
    commands = used[3]
    assert commands["names"] == ["extra", "lost"]
    assert commands["extra"] == "a command"
    assert "names imgedit_extra:nothing, which does not exist" in commands["lost"]


def test_spoilt_metadata_hides_nothing(used: Any) -> None:
    assert "imgedit_spoilt-0.1.0.dist-info cannot be read: reinstall" in used[5]


@pytest.mark.parametrize(
    ("allowed", "names"),
    (("", []), ("acme, boom", ["acme", "boom"]), ("nothere", [])),
)
def test_the_allow_list_filters_every_group(crowded: Any, allowed: str, names: list[str]) -> None:
    script = """
import json
from imgedit.discovery import choose, registry
known = registry()
try:
    known.provider("editable")
except Exception as error:
    print(str(error))
try:
    print(choose(known, environ={}).name)
except Exception as error:
    print(str(error))
print(json.dumps([known.names(), known.commands(), known.addon_rows(check=True)]))
"""
    answer = crowded.run("python", "-c", script, env={"IMGEDIT_PLUGINS": allowed})
    refused, chosen, found = answer.stdout.splitlines()
    assert json.loads(found) == [names, [], []]
    assert "'editable' is installed, but IMGEDIT_PLUGINS leaves it out" in refused
    expected = "pip install imgedit-local" if not names else "none was chosen: acme, boom"
    assert expected in chosen


def test_leftovers_of_an_upgrade_are_no_ambiguity(crowded: Any, tmp_path: Path) -> None:
    script = (
        "from imgedit.discovery.scan import scan\n"
        "import sys\n"
        "(claim,) = scan([sys.argv[1]])['imgedit.providers']['acme']\n"
        "print(claim.owner.label)\n"
    )
    for version in ("0.1.0", "0.2.0"):
        info = tmp_path / f"imgedit_acme-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: imgedit-acme\nVersion: {version}\n")
        (info / "entry_points.txt").write_text("[imgedit.providers]\nacme = imgedit_acme\n")
    answer = crowded.run("python", "-c", script, tmp_path)
    assert answer.stdout.startswith("imgedit-acme 0.")
