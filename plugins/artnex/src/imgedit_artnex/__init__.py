"""Artnex as a provider of imgedit; what is a fact of the vendor's stands in provider.json.

https://docs.artnex.app/api/edit-image, read 2026-11-20. One exchange: the answer names the picture.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from imgedit import (
    DataURI,
    Done,
    Facts,
    HttpRequest,
    HttpResponse,
    Job,
    Json,
    Output,
    UnexpectedResponse,
    hookimpl,
)


@hookimpl
def build_request(job: Job) -> HttpRequest:
    """The one exchange of an edit; a file travels inside the JSON."""
    image = job.request.image
    body = Json({**job.wire(), "image": image.url or DataURI(image)})
    return HttpRequest(method="POST", url="/edit", purpose="submit", body=body)


@hookimpl
def parse_response(job: Job, response: HttpResponse) -> Done:
    """Where the picture is, and what it cost."""
    images = [Output(url=url) for url in map(_url, _list(response.at("/images"))) if url]
    if not images:
        raise UnexpectedResponse(
            f"Artnex answered {response.status} and named no picture",
            status=response.status,
            request_id=_text(response.at("/request_id")),
        )
    return Done(images, facts=_facts(response))


def _facts(response: HttpResponse) -> Facts:
    name, cost = _text(response.at("/request_id")), _charge(response.at("/credits_used"))
    return Facts(vendor_ids={"request_id": name} if name else {}, cost=cost)


def _charge(told: Any) -> Decimal | None:
    """A charge that is missing or strange must not cost a paid edit its picture."""
    try:
        cost = Facts(cost=told).cost if isinstance(told, int | Decimal) else None
    except ValueError:  # true, false, or no end of digits
        return None
    return None if cost is None or cost < 0 else cost


def _url(entry: Any) -> str | None:
    return _text(entry.get("url")) if isinstance(entry, dict) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
