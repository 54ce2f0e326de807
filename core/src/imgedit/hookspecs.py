"""The hooks of a provider, and the one of an add-on.

A provider is a module (or package) whose functions carry `@hookimpl`. Hooks are plain synchronous
functions with plain positional parameters; each may leave out parameters that it does not use.
They do no I/O, read no clock and see no key: values in, values out. `build_request` and
`parse_response` are required, every other hook has a default in the core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pluggy import HookimplMarker, HookspecMarker

if TYPE_CHECKING:
    from .contract.event import Event
    from .contract.exchange import HttpRequest, HttpResponse, LocalRequest
    from .contract.job import Job
    from .contract.model import Model, Problem
    from .contract.money import Quote
    from .contract.outcome import Done, Next, Wait
    from .contract.request import EditRequest
    from .errors import ProviderError

PROJECT = "imgedit"
HOOK_API = "1.0"

hookspec = HookspecMarker(PROJECT)
hookimpl = HookimplMarker(PROJECT)


@hookspec
def validate(request: EditRequest, model: Model) -> list[Problem]:  # type: ignore[empty-body]  # a spec has no body
    """Say what is wrong with a request beyond what the manifest's limits and rules tell.

    When: before a price is asked and before anything is sent; also for `quote`.
    Arguments: `request` as the user gave it, with the facts of its pictures; `model`, the merged
    row of the manifest. Both belong to the core and must not be changed.
    Returns: a list of `Problem`, empty = nothing to complain about. The lists of all
    implementations are added up, and the manifest's own checks always run.
    Raises: nothing; an exception is the plugin's fault (PluginError).

    Example::

        @hookimpl
        def validate(request, model):
            if "@" in request.prompt:
                return [Problem(path="/prompt", message="must not hold an @", code="pattern")]
            return []

    .. versionadded:: 1.0
    """


@hookspec(firstresult=True)
def price(request: EditRequest, model: Model) -> Quote | None:
    """Say what a request will cost.

    When: after `validate` found nothing, before anything is sent; also for `quote`.
    Arguments: as in `validate`.
    Returns: a `Quote`; None = the manifest's price table answers.
    Raises: nothing; an exception is the plugin's fault (PluginError).

    Example::

        @hookimpl
        def price(request, model):
            return Quote(amount=2 * request.n, at_most=2 * request.n, unit="USD", basis="exact")

    .. versionadded:: 1.0
    """


@hookspec(firstresult=True)
def build_request(job: Job) -> HttpRequest | LocalRequest:  # type: ignore[empty-body]  # a spec has no body
    """Build the next exchange of a job. Required.

    When: at the start, and after every `Next` and `Wait`; again with an equal job after a crash
    or a retry.
    Arguments: `job`, from which alone the request follows: an equal job gives an equal request.
    Returns: an `HttpRequest` (purpose "submit" spends money, at most once per job) or a
    `LocalRequest`. None is refused.
    Raises: a `ProviderError` when the job cannot go on, which ends one that was not sent yet; any
    other exception is the plugin's fault.

    Example::

        @hookimpl
        def build_request(job):
            body = Json({**job.wire(), "image": DataURI(job.request.image)})
            return HttpRequest(method="POST", url="/edit", purpose="submit", body=body)

    .. versionadded:: 1.0
    """


@hookspec(firstresult=True)
def parse_response(job: Job, response: HttpResponse) -> Done | Next | Wait:  # type: ignore[empty-body]  # a spec has no body
    """Read an answer. Required.

    When: after every exchange that is not an error (status below 400, `errors.fails_when` does
    not match); again with the stored answer after a crash.
    Arguments: `job` as `build_request` saw it; `response`, whose `purpose` tells which it answers.
    Returns: `Done(images)`, `Next(state)` to go on at once, `Wait(state)` to go on later. A state
    is a small JSON object. None is refused.
    Raises: a `ProviderError` when the answer is a refusal in disguise; any other exception becomes
    UnexpectedResponse and names the plugin.

    Example::

        @hookimpl
        def parse_response(job, response):
            return Done([Output(url=image["url"]) for image in response.json()["images"]])

    .. versionadded:: 1.0
    """


@hookspec(firstresult=True)
def map_error(job: Job | None, response: HttpResponse) -> ProviderError | None:
    """Turn an error answer into an error, where the manifest's table cannot.

    When: after an exchange whose status is 400 or more or where `errors.fails_when` matches.
    Arguments: `job`, None for a list of models or a balance; `response`, the answer.
    Returns: a `ProviderError`; without `charged` it was charged if it names a `cost` above 0, else
    the manifest's error table says whether it was. None = the table answers.
    Raises: nothing; an exception is the plugin's fault, and the table answers.

    Example::

        @hookimpl
        def map_error(job, response):
            if response.at("/detail") == "sold out":
                return InsufficientCredits("the plan is used up", charged="no")

    .. versionadded:: 1.0
    """


@hookspec(firstresult=True)
def reconcile(job: Job, response: HttpResponse | None) -> Next | None:
    """Say how to find out what became of a submit whose answer was lost.

    When: once, after a submit with an unknown charge, and when such a job is resumed.
    Arguments: `job`, with `sent_at`, `taken` (ids of our other jobs) and `rivals` (when those of
    our other edits left that are not settled either); `response`, what did arrive, headers at
    least, or None.
    Returns: `Next` with a state that leads to free exchanges only; None = it cannot be found out.
    Raises: nothing; an exception is the plugin's fault, and the job stays unknown.

    Example::

        @hookimpl
        def reconcile(job, response):
            if response is not None and (id := response.header("x-acme-job")):
                return Next({**job.state, "id": id})

    .. versionadded:: 1.0
    """


@hookspec(firstresult=True)
def list_models() -> HttpRequest | None:
    """Build the request for the vendor's own list of models.

    When: for `imgedit models PROVIDER --live`.
    Returns: an `HttpRequest` with purpose "models"; None = the vendor has no such list.
    Raises: nothing; an exception is the plugin's fault.

    Example::

        @hookimpl
        def list_models():
            return HttpRequest(method="GET", url="/models", purpose="models")

    .. versionadded:: 1.0
    """


@hookspec(firstresult=True)
def parse_models(response: HttpResponse) -> list[dict[str, Any]] | None:
    """Read the vendor's list of models.

    When: after the exchange of `list_models`, unless its answer is an error.
    Arguments: `response`, the answer.
    Returns: rows in the manifest's own row language, laid over the manifest's rows; None = the
    answer says nothing.
    Raises: a `ProviderError`; any other exception becomes UnexpectedResponse.

    Example::

        @hookimpl
        def parse_models(response):
            return [{"id": row["id"], "title": row["name"]} for row in response.json()["data"]]

    .. versionadded:: 1.0
    """


class Addon:
    """The specs that an add-on may implement beside wrappers of the provider hooks."""

    @hookspec
    def on_event(self, event: Event) -> None:
        """Take note of a step of an edit.

        When: at every step of every edit, in order.
        Arguments: `event`, an `Event`; it holds no key and no picture.
        Returns: nothing.
        Raises: nothing; an exception is logged and the edit goes on.

        Example::

            @hookimpl
            def on_event(event):
                print(event.kind, event.text)

        .. versionadded:: 1.0
        """


PROVIDER_HOOKS = (
    "validate",
    "price",
    "build_request",
    "parse_response",
    "map_error",
    "reconcile",
    "list_models",
    "parse_models",
)
REQUIRED_HOOKS = ("build_request", "parse_response")
ADDON_HOOKS = ("on_event",)
