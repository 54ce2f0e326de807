"""How many POSTs a vendor receives for one edit when it misbehaves each time it is asked.

Each client has its defaults, but for a short time-out where the vendor never answers. imgedit is
its command line, with every provider of this repository.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attrs import frozen
from money.vendors import remote_providers, subject_of, vendor_of
from pictures import png
from server import content

from imgedit.testing import FAULTS, Answer, FaultServer, Received
from imgedit.testing.kit.http_tests import mapped

from .environments import child

LOST = ("drop_before_body", "drop_after_body", "reset_after_body", "drop_inside", "hang",
        "hang_inside", "status_500", "status_502", "status_503", "status_504", "html",
        "empty")  # fmt: skip
"""What may have been paid when it happens."""
UNPAID = ("retry_after_seconds",)
"""What was refused: to repeat it costs nothing."""

_PATIENCE = 2.0
_ALWAYS = 1000
_SIZE = 256 * 1024


@frozen
class Posts:
    """For one edit: the POSTs that arrived, "done" or the name of the error, and whether the
    provider's manifest says of such an answer that it is not charged."""

    count: int
    end: str
    free: bool = False

    def __str__(self) -> str:
        return f"{self.count}{' (free)' if self.free and self.count > 1 else ''}"


Column = dict[str, Posts]
"""One contender: "good" (no fault) and each fault."""


def others(names: Iterable[str], faults: Iterable[str], scratch: Path) -> dict[str, Column]:
    """Other clients, all at once: they mostly wait.

    Raises:
        SystemExit: an edit without a fault failed, so that the rest would mean nothing.
    """
    picture = scratch / "picture.png"
    picture.write_bytes(png(_SIZE))
    cases = ("good", *faults)
    names = tuple(names)
    with ThreadPoolExecutor(len(names)) as pool:
        columns = pool.map(lambda name: _other(name, cases, picture, scratch), names)
        return dict(zip(names, columns, strict=True))


def _other(name: str, cases: Iterable[str], picture: Path, scratch: Path) -> Column:
    with FaultServer(keep_bodies=False) as server:
        addresses = []
        for case in cases:
            server.on("POST", f"/{case}/*", _good)
            if case != "good":
                server.fault("POST", f"/{case}/*", case, times=_ALWAYS)
            patience = f"@{_PATIENCE}" if "hang" in case else ""
            addresses.append(f"{server.url}/{case}{patience}")
        server.on("GET", "/pictures/*", _good)
        arguments = ["-m", "peers.call", name, str(picture), *addresses]
        ends = child(name, arguments, scratch, {}).figures()
        found = {
            case: Posts(server.count("POST", f"/{case}/*"), end)
            for case, end in zip(cases, ends, strict=True)
        }
    good = found["good"]
    if good != Posts(1, "done"):
        raise SystemExit(
            f"{name} does not even edit without a fault: {good.end}, {good.count} POSTs"
        )
    return found


def _good(received: Received) -> Answer:
    path = received.path
    if received.method == "POST":
        path = path[path.index("/edit/") :]
    media_type, body = content(path, received.headers["host"])
    return Answer(headers={"Content-Type": media_type}, body=body)


def ours(faults: Iterable[str]) -> Iterator[tuple[str, Column]]:
    """imgedit with each provider, one after the other."""
    cases = ("good", *faults)
    for provider in remote_providers():
        yield provider, {case: _ours(provider, case) for case in cases}


def _ours(provider: str, case: str) -> Posts:
    with vendor_of(provider) as vendor:
        free = False
        if case != "good":
            vendor.server.fault(*vendor.submit, case, times=_ALWAYS)
            answer = FAULTS[case].make(Answer(), vendor.server)
            refused = answer.status >= 400
            free = refused and mapped(subject_of(provider), answer).charged == "no"
        hurry = ("--timeout", f"{2 * _PATIENCE}") if "hang" in case else ()
        ran = vendor.command_edit(*hurry)
        return Posts(vendor.submits, str(ran.error.get("type", "done")), free)


def table(columns: dict[str, Column], faults: Iterable[str]) -> Iterator[str]:
    """In Markdown: a row for each fault, the POSTs of each contender."""
    yield f"| the vendor, every time | {' | '.join(columns)} |"
    yield f"| --- |{' ---: |' * len(columns)}"
    for fault in faults:
        counts = " | ".join(str(column[fault]) for column in columns.values())
        yield f"| {FAULTS[fault].says} | {counts} |"
