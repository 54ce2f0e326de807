"""gptimageapi.dev as a provider of imgedit; what is a fact of the vendor's stands in provider.json.

https://gptimageapi.dev, read 2026-11-20. One exchange; answers come in an envelope of code, message
and data, whose failures provider.json knows by their code.
"""

from __future__ import annotations

from typing import Any

from imgedit import (
    DataURI,
    Done,
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
    return HttpRequest(method="POST", url="/v1/images/edit", purpose="submit", body=body)


@hookimpl
def parse_response(job: Job, response: HttpResponse) -> Done:
    """Where the pictures are, one entry for each; neither a charge nor an id is told."""
    entries = response.at("/data/images")
    urls = [_url(entry) for entry in entries] if isinstance(entries, list) else []
    images = [Output(url=url) for url in urls if url]
    if not images:
        raise UnexpectedResponse(
            f"gptimageapi.dev answered {response.status} and named no picture",
            status=response.status,
        )
    return Done(images)


def _url(entry: Any) -> str | None:
    url = entry.get("url") if isinstance(entry, dict) else None
    return url if isinstance(url, str) and url else None
