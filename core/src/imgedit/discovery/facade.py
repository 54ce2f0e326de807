"""A provider as the core sees it: one typed method per hook, nothing else touches pluggy.

Whatever a hook does wrong ends here, as an error that names its distribution and the hook.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pluggy import PluginManager

from .. import hookspecs
from ..contract.exchange import HttpRequest, HttpResponse, LocalRequest
from ..contract.image import hooks_running
from ..contract.job import Job
from ..contract.model import Model, Problem
from ..contract.money import Quote, exactly
from ..contract.outcome import Next, Step
from ..contract.request import EditRequest
from ..errors import Charged, ImgEditError, PluginError, ProviderError, UnexpectedResponse
from ..hookspecs import PROJECT, PROVIDER_HOOKS
from . import guide, trace, values
from .blame import Blame, Party, blame, code_of, core_is_last
from .checks import hookimpls
from .defaults import Defaults
from .unchanged import Watcher

if TYPE_CHECKING:
    from ..manifest import Checked, Manifest
    from .addons import Addon

log = logging.getLogger("imgedit.discovery")

_T = TypeVar("_T")

_EXPECTED = {
    "validate": "a list of Problem",
    "price": "a Quote, or None for the manifest's prices",
    "build_request": "an HttpRequest or a LocalRequest",
    "parse_response": "Done, Next or Wait, with states that are small JSON objects",
    "map_error": "a ProviderError, or None for the manifest's error table",
    "reconcile": "Next with a state that is a small JSON object, or None",
    "list_models": 'an HttpRequest with the purpose "models", or None',
    "parse_models": "a list of dicts, each with an id, or None",
}
_MAY_REFUSE = ("build_request", "parse_response", "parse_models")
_READS = ("parse_response", "parse_models")


class Provider:
    """An installed provider, loaded and checked.

    Attributes:
        name: the entry point's name, "acme".
        distribution, version: "imgedit-acme", "0.1.0".
        manifest: its `provider.json`.

    Every method runs the provider's hook with the add-ons' wrappers around it and the core's
    default behind it. A hook that breaks the contract raises PluginError, those that read an
    answer UnexpectedResponse; it names the distribution and the hook, what it returned and what
    was expected.
    """

    def __init__(
        self,
        *,
        name: str,
        distribution: str,
        version: str,
        manifest: Manifest,
        module: Any,
        addons: Sequence[Addon] = (),
    ) -> None:
        self.name = name
        self.distribution = distribution
        self.version = version
        self.manifest = manifest
        package = str(getattr(module, "__name__", "")).partition(".")[0] or None
        own = hookimpls(module, PROVIDER_HOOKS)
        party = Party(
            label=self.label, package=package, codes=code_of([one.function for one in own])
        )
        self._parties = (party, *(addon.party for addon in addons))
        self._wrapped_by = {
            hook: [addon.party.label for addon in addons if hook in addon.wraps]
            for hook in PROVIDER_HOOKS
        }
        # Hooks that others than the core take part in.
        self._foreign = {one.hook for one in own} | {
            hook for hook, labels in self._wrapped_by.items() if labels
        }
        self._module, self._addons = module, addons
        self._watcher = Watcher()
        self._traced = trace.wanted()  # asked once: a quote calls hooks by the thousand
        self._hooks = PluginManager(PROJECT)
        self._hooks.add_hookspecs(hookspecs)
        self._hooks.register(Defaults(manifest), name="imgedit")
        self._hooks.register(module, name=name)
        for addon in addons:
            if addon.wraps:
                self._hooks.register(addon.wrappers, name=f"addon {addon.name}")
        self._hooks.check_pending()

    def with_manifest(self, manifest: Manifest) -> Provider:
        """The same provider with another manifest."""
        return Provider(
            name=self.name,
            distribution=self.distribution,
            version=self.version,
            manifest=manifest,
            module=self._module,
            addons=self._addons,
        )

    @property
    def label(self) -> str:
        """Distribution and version, as errors name them: "imgedit-acme 0.1.0"."""
        return f"{self.distribution} {self.version}".strip()

    def __repr__(self) -> str:
        return f"<Provider {self.name}: {self.label}>"

    def validate(self, request: EditRequest, model: Model) -> Checked:
        """What is wrong with a request: the manifest's own problems, and the plugin's.

        Returns `Checked(problems, unchecked)`. When the manifest found problems already, a plugin
        that then raises is only logged: it may rely on what the manifest asks for.
        """
        from ..manifest import Checked, check, document

        own = check(document(request), model, self.manifest)
        found: list[Problem] = []
        try:
            found = self._ask("validate", values.problems, request=request, model=model)
        except PluginError as error:
            if not own.problems:
                raise
            log.warning("%s", error.message)
        every = tuple(dict.fromkeys((*own.problems, *found)))
        return Checked(problems=every, unchecked=own.unchecked)

    @exactly
    def price(self, request: EditRequest, model: Model) -> Quote:
        """What a request will cost: what the hook says, else the manifest's price table."""
        return self._ask("price", values.quote, request=request, model=model)

    def build_request(self, job: Job) -> HttpRequest | LocalRequest:
        """The next exchange of a job.

        Raises:
            ProviderError: the plugin says that the job cannot go on.
        """
        return self._ask("build_request", values.request, job=job)

    def parse_response(self, job: Job, response: HttpResponse) -> Step:
        """What an answer that is no error leads to.

        Raises:
            ProviderError: the plugin found a refusal in the answer; UnexpectedResponse, with
                `charged` unknown, when it raised anything else or broke the contract.
        """
        return self._ask("parse_response", values.step, job=job, response=response)

    def map_error(self, job: Job | None, response: HttpResponse) -> ProviderError:
        """What an error answer means: what the hook says, else the manifest's error table.

        Never fails because of the plugin: that is logged, and the table answers. What the hook
        leaves out (whether it was charged, status, code, request id) the table adds; a cost that
        it names was charged.
        """
        from ..manifest import classify

        try:
            error = self._ask("map_error", values.error, job=job, response=response)
        except PluginError as wrong:
            log.warning("%s", wrong.message)
            error = classify(self.manifest, job, response)
        else:
            if not error.charge_is_said or None in (error.status, error.code, error.request_id):
                told = classify(self.manifest, job, response)
                if not error.charge_is_said:
                    if error.cost is not None and error.cost.amount > 0:
                        error.charged = "yes"
                    elif error.charged == "no":  # only its class's default
                        error.charged = told.charged
                error.fill(status=told.status, code=told.code, request_id=told.request_id)
        error.fill(provider=self.name, distribution=self.label)
        return error

    def reconcile(self, job: Job, response: HttpResponse | None) -> Next | None:
        """How to find out what became of a submit whose answer was lost; None = it cannot be."""
        return self._ask("reconcile", values.lookup, job=job, response=response)

    def list_models(self) -> HttpRequest | None:
        """The exchange that asks the vendor for its models; None = there is none."""
        return self._ask("list_models", values.models_request)

    def parse_models(self, response: HttpResponse) -> list[dict[str, Any]] | None:
        """The vendor's models as manifest rows; None = the answer says nothing.

        Raises:
            ProviderError: as `parse_response`.
        """
        return self._ask("parse_models", values.rows, response=response)

    def _ask(self, hook: str, take: Callable[[Any], _T], **arguments: Any) -> _T:
        changed = self._watcher.look(arguments) if hook in self._foreign else None
        try:
            with hooks_running():
                answer = self._call(hook, arguments)
        except (Exception, SystemExit) as error:
            self._raised(hook, error, arguments)
        if changed is not None and (name := changed()) is not None:
            raise self._wrong(
                hook,
                f"changed {name} in place; its arguments belong to the core, return new values",
                arguments,
            )
        try:
            return take(answer)
        except values.BadValue as bad:
            raise self._wrong(
                hook, f"returned {bad}; expected is {_EXPECTED[hook]}", arguments
            ) from None

    def _call(self, hook: str, arguments: dict[str, Any]) -> Any:
        """Run the hook with everybody who takes part in it."""
        caller = getattr(self._hooks.hook, hook)
        if self._traced:
            answer = trace.traced(
                hook,
                arguments,
                lambda: caller(**arguments),
                provider=self.name,
                by=self.label,
                around=self._wrapped_by[hook],
            )
        else:
            answer = caller(**arguments)
        if hook == "validate" and not self._wrapped_by[hook]:
            # pluggy drops a None here, so a forgotten `return` would look like "nothing wrong".
            asked = len(caller.get_hookimpls())
            return [*answer, *[None] * (asked - len(answer))]
        return answer

    def _raised(self, hook: str, error: BaseException, arguments: dict[str, Any]) -> NoReturn:
        found = blame(error, self._parties)
        if isinstance(error, ProviderError) and hook in _MAY_REFUSE:
            self._refused(hook, error, arguments, self._label(found))
        if found.party is None and core_is_last(error):
            raise error
        said = f"{hook} of {self._label(found, hook)} raised {found.said}"
        if found.place:
            said += f" ({found.place})"
        if hook not in _READS:  # there it is more often the vendor's answer than the code
            said += f" {guide.of_hook(hook)}"
        raise self._fault(hook, said, arguments, self._label(found)) from error

    def _refused(
        self, hook: str, error: ProviderError, arguments: dict[str, Any], distribution: str
    ) -> NoReturn:
        """Raise what a hook raised to refuse, as a copy: it may raise one object for every edit."""
        try:
            copy = values.error(error)
        except values.BadValue as bad:
            raise self._wrong(hook, f"raised {bad}", arguments) from error
        copy.fill(provider=self.name, distribution=distribution)
        raise copy.with_traceback(error.__traceback__) from error.__cause__

    def _wrong(self, hook: str, what: str, arguments: dict[str, Any]) -> ImgEditError:
        blamed = self.label
        if self._wrapped_by[hook]:
            blamed += f" (or of {', '.join(self._wrapped_by[hook])} around it)"
        said = f"{hook} of {blamed} {what} {guide.of_hook(hook)}"
        return self._fault(hook, said, arguments, self.label)

    def _fault(
        self, hook: str, said: str, arguments: dict[str, Any], distribution: str
    ) -> ImgEditError:
        """The error of a broken hook; one that reads an answer leaves a paid job resumable."""
        if hook in _READS:
            response: HttpResponse = arguments["response"]
            return UnexpectedResponse(
                f"the answer of {self.name} cannot be read ({_looks(response)}): {said}",
                status=response.status,
                provider=self.name,
                distribution=distribution,
            )
        return PluginError(
            said, charged=_charged(arguments), provider=self.name, distribution=distribution
        )

    def _label(self, found: Blame, hook: str | None = None) -> str:
        if found.party is not None:
            return found.party.label
        around = self._wrapped_by.get(hook or "", [])
        return f"{self.label} (or of {', '.join(around)} around it)" if around else self.label


def _charged(arguments: dict[str, Any]) -> Charged:
    """What a broken hook leaves known of the money; the engine knows more and may say so."""
    job: Job | None = arguments.get("job")
    return "no" if job is None or job.status == "planned" else "unknown"


def _looks(response: HttpResponse) -> str:
    media_type = (response.header("content-type") or "no content type").partition(";")[0].strip()
    return f"status {response.status}, {media_type[:60]}, {len(response.body)} bytes"
