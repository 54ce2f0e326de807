"""`acme`: the provider of the benchmarks, as a plugin would write it.

A model's name says how the picture goes out and comes back: "json-download", "multipart-binary".
"""

from __future__ import annotations

from typing import Any

from imgedit import (
    Base64,
    Done,
    Facts,
    FilePart,
    HttpRequest,
    HttpResponse,
    Job,
    Json,
    Multipart,
    Output,
    hookimpl,
)

MANIFEST: dict[str, Any] = {
    "manifest": 1,
    "name": "acme",
    "title": "Acme",
    "unit": "USD",
    "base_url": "https://api.acme.example",
    "auth": {"env": ["ACME_API_KEY"], "header": "Authorization", "value": "Bearer {key}"},
    "wire": {"prompt": "prompt", "aspect_ratio": "ratio", "output_format": "format"},
    "limits": {
        "prompt": {"minLength": 1, "maxLength": 4000},
        "aspect_ratio": {"enum": ["1:1", "4:3", "16:9"], "default": "1:1"},
        "output_format": {"enum": ["png", "jpeg"]},
        "picture.bytes": {"maximum": 50_000_000},
        "picture.media_type": {"enum": ["image/png", "image/jpeg"]},
    },
    "default_model": "json-download",
    "models": [
        {
            "id": f"{sent}-{received}",
            "price": {"by": ["aspect_ratio"], "amounts": {"1:1": "0.04", "*": "0.05"}},
        }
        for sent in ("json", "multipart")
        for received in ("download", "binary", "base64")
    ],
    "errors": {"message": ["/error"], "rows": []},
}


@hookimpl
def build_request(job: Job) -> HttpRequest:
    sent, received = job.model.id.split("-")
    picture = job.request.image
    if sent == "json":
        body: Json | Multipart = Json({**job.wire(), "image": Base64(picture)})
    else:
        body = Multipart([*job.wire().items(), ("image", FilePart(picture))])
    path = f"/edit/{received}/{picture.size}"
    return HttpRequest(method="POST", url=path, purpose="submit", body=body)


@hookimpl
def parse_response(job: Job, response: HttpResponse) -> Done:
    facts = Facts(cost="0.05")
    if response.picture is not None:
        return Done([Output(image=response.picture)], facts=facts)
    answer = response.json()
    if "base64" in answer:
        return Done([Output(base64=answer["base64"])], facts=facts)
    return Done([Output(url=answer["url"], sha256=answer["sha256"])], facts=facts)
