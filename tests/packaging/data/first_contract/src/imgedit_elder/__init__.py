"""Every hook of hook API 1.0, and what the contract of that day offers a provider."""

from imgedit import (
    Base64,
    ContentRejected,
    Done,
    Facts,
    FilePart,
    HttpRequest,
    Json,
    Multipart,
    Next,
    Output,
    Problem,
    Quote,
    Wait,
    hookimpl,
)


@hookimpl
def validate(request, model):
    if "purple" in request.prompt:
        return [Problem(path="/prompt", message="purple is not for sale", code="purple")]
    return []


@hookimpl
def price(request, model):
    if request.seed is None:
        return None
    return Quote(amount="0.07", at_most="0.07", unit="USD", basis="exact", source="by hand")


@hookimpl
def build_request(job):
    if "find" in job.state:
        return HttpRequest(method="GET", url="/edits", purpose="settle", query={"tag": job.id})
    if "id" in job.state:
        return HttpRequest(method="GET", url=f"/edits/{job.state['id']}", purpose="poll")
    if job.to_upload:
        part = FilePart(job.to_upload[0], filename="in.png")
        body = Multipart([("file", part), ("keep", False)])
        return HttpRequest(method="POST", url="/files", purpose="upload", body=body)
    image = job.request.image
    value = {**job.wire(), "image": job.handle(image), "tag": job.id}
    if job.request.mask is not None:
        value["mask"] = Base64(job.request.mask)
    headers = {"X-Client": "elder"}
    return HttpRequest(
        method="POST", url="/edits", purpose="submit", headers=headers, body=Json(value)
    )


@hookimpl
def parse_response(job, response):
    said = response.json()
    match response.purpose:
        case "upload":
            return Next(job.uploaded(job.to_upload[0], said["file"]))
        case "submit":
            return Wait({"id": said["id"]}, facts=Facts(vendor_ids={"id": said["id"]}))
        case "settle":
            mine = [one["id"] for one in said["edits"] if one["id"] not in job.taken]
            return Wait({"id": mine[0]}, facts=Facts(vendor_ids={"id": mine[0]}))
    if response.at("/state") == "running":
        return Wait(job.state, seconds=0.01, progress=0.5)
    facts = Facts(cost=said["cost"], model=job.model.id, ai_generated=True)
    return Done([Output(base64=said["picture"], media_type="image/png")], facts=facts)


@hookimpl
def map_error(job, response):
    if response.at("/error") == "unsafe":
        return ContentRejected("the prompt was refused", charged="no", status=response.status)
    return None


@hookimpl
def reconcile(job, response):
    return Next({"find": True})


@hookimpl
def list_models():
    return HttpRequest(method="GET", url="/models", purpose="models")


@hookimpl
def parse_models(response):
    return [{"id": one["name"], "title": one["name"]} for one in response.json()["data"]]
