"""A stand-in for Acme on this machine; `python tests/standin.py` serves it until Ctrl-C."""

from __future__ import annotations

import time
from itertools import count
from typing import Self

from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, Received, ScriptedServer

CENTS: dict[str, dict[int | None, int]] = {
    "sketch": {None: 2},
    "studio": {None: 8, 1024: 8, 2048: 15},
}


class Acme(ScriptedServer):
    """Answers as API.md says; a test may script single answers anew."""

    def __enter__(self) -> Self:
        super().__enter__()
        names = count(1)
        self.bills: dict[str, int] = {}
        self.on(
            "POST", "/v2/files", lambda _: Answer.json({"file_id": f"f_{next(names)}"}, status=201)
        )
        self.on("POST", "/v2/edits", self.start)
        self.on("GET", "/v2/edits", lambda _: Answer.json({"edits": [{"edit_id": "e_1"}]}))
        self.on("GET", "/v2/edits/*", self.finished)
        self.on("GET", "/files/*", Answer.picture(png(320, 240, (230, 150, 60))))
        return self

    @property
    def base_url(self) -> str:
        return f"{self.url}/v2"

    def start(self, request: Received) -> Answer:
        asked = request.json()
        extra = len(asked.get("more_pictures", ()))
        cents = (CENTS[asked["model"]][asked.get("size")] + extra) * asked["count"]
        edit_id = f"e_{len(self.bills) + 1}"
        self.bills[edit_id] = cents
        return Answer.json({"edit_id": edit_id, "state": "queued"}, status=202)

    def finished(self, request: Received) -> Answer:
        edit_id = request.path.rpartition("/")[2]
        results = [{"url": f"{self.url}/files/1.png", "expires": "2099-01-01T00:00:00Z"}]
        return Answer.json(
            {
                "edit_id": edit_id,
                "state": "done",
                "percent": 100,
                "results": results,
                "billed_cents": self.bills[edit_id],
            }
        )


if __name__ == "__main__":
    with Acme() as acme:
        print(f"export ACME_API_KEY=any IMGEDIT_ACME_BASE_URL={acme.base_url}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass
