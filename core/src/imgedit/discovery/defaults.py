"""What the core does for a provider where the provider itself does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from ..hookspecs import hookimpl

if TYPE_CHECKING:
    from ..contract.exchange import HttpRequest, HttpResponse
    from ..contract.job import Job
    from ..contract.model import Model, Problem
    from ..contract.money import Quote
    from ..contract.outcome import Next
    from ..contract.request import EditRequest
    from ..errors import ProviderError
    from ..manifest import Manifest


@frozen(eq=False)  # pluggy keeps plugins in a set
class Defaults:
    """The last implementation of every optional hook; the manifest's tables answer."""

    manifest: Manifest

    @hookimpl(trylast=True)
    def validate(self, request: EditRequest, model: Model) -> list[Problem]:
        """Nothing: the facade itself adds what the manifest says, where no wrapper can erase it."""
        return []

    @hookimpl(trylast=True)
    def price(self, request: EditRequest, model: Model) -> Quote:
        """What the manifest's price table says."""
        from ..manifest import document, quote

        return quote(document(request), model, self.manifest)

    @hookimpl(trylast=True)
    def map_error(self, job: Job | None, response: HttpResponse) -> ProviderError:
        """What the manifest's error table says, the core's own rows behind it."""
        from ..manifest import classify

        return classify(self.manifest, job, response)

    @hookimpl(trylast=True)
    def reconcile(self, job: Job, response: HttpResponse | None) -> Next | None:
        """It cannot be found out."""
        return None

    @hookimpl(trylast=True)
    def list_models(self) -> HttpRequest | None:
        """The vendor has no list of models."""
        return None

    @hookimpl(trylast=True)
    def parse_models(self, response: HttpResponse) -> list[dict[str, Any]] | None:
        """The answer says nothing."""
        return None
