"""docs/recipes.md: each recipe is a provider that edits against a server as it describes."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from pages import DOCS, Block, blocks

import imgedit
from imgedit import SyncClient
from imgedit.discovery import registry
from imgedit.manifest import validate_manifest
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, Received, ScriptedServer

PAGE = "recipes.md"
BASE: dict[str, Any] = {
    "manifest": 1,
    "name": "acme",
    "title": "Acme",
    "base_url": "https://api.acme.example",
    "unit": "USD",
    "sources": {"prices": {"url": "https://acme.example/prices", "read": "2026-11-20"}},
    "auth": {"header": "Authorization", "value": "Bearer {key}"},
    "poll": {"seconds": [0.01]},
    "wire": {"model": "model", "prompt": "prompt", "n": "count"},
    "limits": {"n": {"maximum": 4}, "mask": {}},
    "default_model": "one",
    "models": [{"id": "one", "price": {"amounts": "0.04"}}],
}


def recipes() -> dict[str, list[Block]]:
    found: dict[str, list[Block]] = {}
    for block in blocks(PAGE):
        found.setdefault(block.heading, []).append(block)
    return found


def manifest(recipe: str, *, quick: bool = True) -> dict[str, Any]:
    raw = dict(BASE)
    for block in recipes()[recipe]:
        if block.language == "json":
            raw |= json.loads(block.code)
    if quick and "poll" in raw:
        raw["poll"] = {"seconds": [0.01]}
    return raw


def provider(recipe: str) -> ModuleType:
    module = ModuleType("acme_recipe")
    for block in recipes()[recipe]:
        if block.language == "python":
            code = compile("\n" * (block.line - 1) + block.code, "docs/recipes.md", "exec")
            exec(code, vars(module))
    return module


class Kitchen:
    """A recipe, installed; a server for it, and a client."""

    def __init__(self, server: ScriptedServer, client: SyncClient) -> None:
        self.server = server
        self.client = client
        self.on = server.on

    def cook(self, recipe: str, **asked: Any) -> imgedit.EditResult:
        imgedit.register("acme", provider(recipe), manifest(recipe))
        return self.client.edit(png(), "warmer", provider="acme", **asked)

    def picture(self) -> str:
        self.on("GET", "/out/*", Answer.picture(png(30, 20)))
        return f"{self.server.url}/out/1.png"

    def sent(self, path: str) -> Received:
        (found,) = self.server.received(None, path)
        return found


@pytest.fixture
def kitchen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kitchen]:
    with ScriptedServer() as server, SyncClient() as client:
        monkeypatch.setenv("ACME_API_KEY", "canary")
        monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", server.url)
        yield Kitchen(server, client)
        assert server.unexpected == []


def the_answer_is_the_picture(kitchen: Kitchen) -> None:
    kitchen.on("POST", "/edit", Answer.picture(png(30, 20)))
    result = kitchen.cook("The answer is the picture")
    assert result.image.read() == png(30, 20)
    assert kitchen.sent("/edit").json()["image"] == b64encode(png()).decode()


def multipart(kitchen: Kitchen) -> None:
    answer = {"images": [{"b64": b64encode(png(30, 20)).decode()}]}
    kitchen.on("POST", "/edit", Answer.json(answer))
    result = kitchen.cook("Multipart", mask=png(64, 48, (255, 255, 255)))
    assert result.image.read() == png(30, 20)
    sent = kitchen.sent("/edit")
    assert [part.name for part in sent.parts()] == ["image", "model", "prompt", "count", "mask"]
    assert sent.parts()[0].filename == "image.png"
    assert sent.form() == {"model": "one", "prompt": "warmer", "count": "1"}


def poll_a_job(kitchen: Kitchen) -> None:
    assert manifest("Poll a job", quick=False)["poll"]["after"] == "header:retry-after"
    kitchen.on("POST", "/jobs", Answer.json({"id": "7"}))
    ready = Answer.json({"status": "ready", "urls": [kitchen.picture()]})
    kitchen.on("GET", "/jobs/7", Answer.json({"status": "busy"}), ready)
    result = kitchen.cook("Poll a job")
    assert result.vendor_ids == {"id": "7"}
    assert kitchen.server.count("GET", "/jobs/7") == 2


def upload_first(kitchen: Kitchen) -> None:
    kitchen.on("POST", "/upload", Answer.json({"file": "a"}), Answer.json({"file": "b"}))
    kitchen.on("POST", "/edit", Answer.json({"url": kitchen.picture()}))
    kitchen.cook("Upload first", mask=png(64, 48, (0, 0, 0)))
    assert kitchen.sent("/edit").json()["images"] == ["a", "b"]


def upload_to_a_presigned_place(kitchen: Kitchen) -> None:
    slot = {"put": f"{kitchen.server.url}/bucket/1?signed=yes", "name": "slot-1"}
    kitchen.on("POST", "/slots", Answer.json(slot))
    kitchen.on("PUT", "/bucket/1", Answer(status=200))
    kitchen.on("POST", "/edit", Answer.json({"url": kitchen.picture()}))
    kitchen.cook("Upload to a presigned place")
    assert kitchen.sent("/bucket/1").body == png()
    assert "authorization" not in kitchen.sent("/bucket/1").headers
    assert kitchen.sent("/edit").json()["image"] == "slot-1"


def several_pictures(kitchen: Kitchen) -> None:
    kitchen.on("POST", "/edit", Answer.json({"urls": [kitchen.picture()]}))
    with pytest.raises(imgedit.ValidationError, match="/references/0/description"):
        kitchen.cook("Several pictures", references=[png(8, 8)])
    kitchen.cook("Several pictures", references=[(png(8, 8), "a hat")])
    (other,) = kitchen.sent("/edit").json()["others"]
    assert other["shows"] == "a hat"


def errors_inside_a_200(kitchen: Kitchen) -> None:
    kitchen.on("POST", "/edit", Answer.json({"code": 2002, "message": "rude"}))
    with pytest.raises(imgedit.ContentRejected, match="rude") as refused:
        kitchen.cook("Errors inside a 200")
    assert refused.value.charged == "no"
    kitchen.on("POST", "/edit", Answer.json({"code": 77, "message": "?"}))
    with pytest.raises(imgedit.UnexpectedResponse) as strange:
        kitchen.cook("Errors inside a 200")
    assert strange.value.charged == "unknown"
    kitchen.on("POST", "/edit", Answer.json({"code": 0, "data": {"url": kitchen.picture()}}))
    kitchen.cook("Errors inside a 200")


def live_models(kitchen: Kitchen) -> None:
    kitchen.on("POST", "/edit", Answer.json({"url": kitchen.picture()}))
    kitchen.cook("Live models")
    found = registry().provider("acme")
    request = found.list_models()
    assert request is not None
    assert request.url == "/models"
    body = {"models": [{"id": "two", "name": "Two", "cents": 7}]}
    answer = imgedit.HttpResponse(status=200, body=json.dumps(body).encode(), purpose="models")
    rows = found.parse_models(answer)
    assert rows == [{"id": "two", "title": "Two", "price": {"amounts": "0.07"}}]
    assert validate_manifest({**BASE, "models": [*BASE["models"], *rows]}) == []


def settle_an_unknown_outcome(kitchen: Kitchen) -> None:
    ready = Answer.json({"status": "ready", "url": kitchen.picture()})
    kitchen.on("GET", "/jobs/*", ready)
    named = Answer(headers={"x-acme-job": "8"}, body=b"{....", fault="drop_inside")
    kitchen.on("POST", "/jobs", named)
    assert kitchen.cook("Settle an unknown outcome").job_id
    assert kitchen.server.count("GET", "/jobs") == 0

    kitchen.on("POST", "/jobs", Answer(fault="drop_after_body"))
    kitchen.on("GET", "/jobs", Answer.json({"jobs": [{"id": "9"}]}))
    result = kitchen.cook("Settle an unknown outcome")
    assert result.vendor_ids == {"id": "9"}

    kitchen.on("GET", "/jobs", Answer.json({"jobs": [{"id": "10"}, {"id": "11"}]}))
    with pytest.raises(imgedit.ProviderError) as unsure:
        kitchen.cook("Settle an unknown outcome")
    assert unsure.value.charged == "unknown"
    assert kitchen.server.count("POST", "/jobs") == 3


def settle_by_the_time_alone(kitchen: Kitchen) -> None:
    recipe = "Settle by the time alone"
    now = datetime.now(UTC)
    jobs = [{"id": "8", "created_at": (now - timedelta(hours=1)).isoformat()}]
    kitchen.on("GET", "/jobs/9", Answer.json({"status": "ready", "url": kitchen.picture()}))
    kitchen.on("POST", "/jobs", Answer(fault="drop_after_body"))
    kitchen.on("GET", "/jobs", lambda _: Answer.json({"jobs": jobs}))

    def unsure(why: str) -> None:
        with pytest.raises(imgedit.ProviderError, match=why) as caught:
            kitchen.cook(recipe)
        assert caught.value.charged == "unknown"
        kitchen.client.settle(caught.value.job_id, charged=False)  # else it is a rival of the next

    unsure("0 jobs could be this one")
    jobs.append({"id": "9", "created_at": now.isoformat()})
    assert kitchen.cook(recipe).vendor_ids == {"id": "9"}
    jobs += ({"id": str(name), "created_at": now.isoformat()} for name in range(10, 29))
    unsure(r"\d\d jobs could be this one")
    del jobs[0]
    unsure("may not reach back")
    assert kitchen.server.count("POST", "/jobs") == 4


def the_same_api(kitchen: Kitchen) -> None:
    import sys

    poll = provider("Poll a job")
    sys.modules["imgedit_acme"] = poll
    try:
        twin = provider("The same API at another URL, with other prices")
    finally:
        del sys.modules["imgedit_acme"]
    raw = {**manifest("Poll a job"), "name": "twin", "models": [{"id": "mini"}], "auth": None}
    del raw["auth"], raw["default_model"]
    imgedit.register("twin", twin, raw)
    kitchen.on("POST", "/twin/jobs", Answer.json({"id": "7"}))
    ready = Answer.json({"status": "ready", "urls": [kitchen.picture()]})
    kitchen.on("GET", "/twin/jobs/7", ready)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMGEDIT_TWIN_BASE_URL", f"{kitchen.server.url}/twin")
        result = kitchen.client.edit(png(), "warmer", provider="twin", model="mini")
    assert result.provider == "twin"


def what_is_left(kitchen: Kitchen) -> None:
    from imgedit.manifest import read_balance, read_manifest

    raw = manifest("What is left on the account")
    answer = imgedit.HttpResponse(status=200, body=b'{"cents_left": 955}', purpose="balance")
    (left,) = read_balance(read_manifest(raw), answer)
    assert str(left) == "9.55 USD"


def errors_that_no_table_can_read(kitchen: Kitchen) -> None:
    recipe = "Errors that no table can read"
    kitchen.on("POST", "/edit", Answer(status=500, body=b"<h1>Quota</h1>"))
    with pytest.raises(imgedit.InsufficientCredits):
        kitchen.cook(recipe)
    kitchen.on("POST", "/edit", Answer(status=401))
    with pytest.raises(imgedit.AuthenticationError):
        kitchen.cook(recipe)
    kitchen.on("POST", "/edit", Answer.json({"url": kitchen.picture()}))
    kitchen.cook(recipe)


def a_complaint_about_one_field(kitchen: Kitchen) -> None:
    recipe = "A complaint about one field"
    reason = {"kind": "invalid", "field": "size", "text": "is too large"}
    kitchen.on("POST", "/edit", Answer.json({"reason": reason}, status=422))
    with pytest.raises(imgedit.InvalidRequest) as refused:
        kitchen.cook(recipe)
    assert [str(one.path) for one in refused.value.problems] == ["/resolution"]
    assert (refused.value.status, refused.value.code) == (422, "invalid")
    kitchen.on("POST", "/edit", Answer.json({"reason": {**reason, "field": 7}}, status=422))
    with pytest.raises(imgedit.InvalidRequest, match="is too large") as other:
        kitchen.cook(recipe)
    assert other.value.problems == ()
    kitchen.on("POST", "/edit", Answer.json({"url": kitchen.picture()}))
    kitchen.cook(recipe)


def a_field_that_the_vendor_insists_on(kitchen: Kitchen) -> None:
    recipe = "A field that the vendor insists on"
    kitchen.on("POST", "/edit", Answer.json({"url": kitchen.picture()}))
    kitchen.cook(recipe)
    kitchen.cook(recipe, resolution="2k")
    sent = kitchen.server.received("POST", "/edit")
    assert [one.json()["size"] for one in sent] == ["S", "M"]


TESTS: dict[str, Callable[[Kitchen], None]] = {
    "The answer is the picture": the_answer_is_the_picture,
    "Multipart": multipart,
    "Poll a job": poll_a_job,
    "Upload first": upload_first,
    "Upload to a presigned place": upload_to_a_presigned_place,
    "Several pictures": several_pictures,
    "Errors inside a 200": errors_inside_a_200,
    "Live models": live_models,
    "Settle an unknown outcome": settle_an_unknown_outcome,
    "Settle by the time alone": settle_by_the_time_alone,
    "The same API at another URL, with other prices": the_same_api,
    "What is left on the account": what_is_left,
    "Errors that no table can read": errors_that_no_table_can_read,
    "A complaint about one field": a_complaint_about_one_field,
    "A field that the vendor insists on": a_field_that_the_vendor_insists_on,
}


@pytest.mark.parametrize("recipe", TESTS)
def test_a_recipe_works(recipe: str, kitchen: Kitchen) -> None:
    TESTS[recipe](kitchen)


@pytest.mark.parametrize("recipe", TESTS)
def test_its_manifest_is_right(recipe: str) -> None:
    assert validate_manifest(manifest(recipe, quick=False)) == []


def test_the_kit_asks_at_the_time_that_is_told() -> None:
    from imgedit.testing.kit.play import SENT_AT

    told = f"{SENT_AT:%Y-%m-%d %H:%M:%S} UTC"
    assert told in " ".join((DOCS / PAGE).read_text(encoding="utf-8").split())


def test_every_recipe_has_a_test() -> None:
    assert list(recipes()) == list(TESTS)
