"""Standard tests of where requests go, and of the key."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...contract.exchange import HttpRequest, HttpResponse
from .flow_tests import WHOLE, texts, whole
from .load_tests import LOADS
from .play import BUILT
from .standard import standard
from .subject import CANARY

if TYPE_CHECKING:
    from .subject import Subject

FOREIGN = "test_foreign_addresses_are_used_as_they_came"
NO_OTHER_HOST = "test_the_key_goes_to_no_other_host"
HEADER_ONLY = "test_the_key_is_only_in_its_header"

_URL = re.compile(r"https?://[^\s\"'<>\\]+")


class KeyTests:
    """The key goes to the vendor's API alone, and the vendor's addresses are kept as they are."""

    level: int

    @standard(needs=[LOADS, *WHOLE])
    def test_foreign_addresses_are_used_as_they_came(self, subject: Subject) -> None:
        """An address that an answer names (an upload place) is used byte for byte.

        If this fails: give `HttpRequest(url=...)` the text of the answer as it is; a signature
        covers every byte of it.
        """
        flow = whole(subject)
        named: list[str] = []
        for exchange in flow.exchanges:
            url = getattr(exchange.request, "url", "")
            origin = _origin(url)
            if url.startswith("http") and any(_origin(one) == origin for one in named):
                assert exchange.sent.target in named, (
                    f"{exchange.sent.target!r} stands in no answer like this"
                )
            named += _addresses(exchange.response)

    @standard(needs=[LOADS, *WHOLE])
    def test_the_key_goes_to_no_other_host(self, subject: Subject) -> None:
        """Where an answer says to go, the key does not go along.

        If this fails: `hosts` of the manifest take the key, so only the vendor's own API belongs
        there. An upload place is an absolute URL: the core sends no key to it.
        """
        manifest = subject.manifest
        own = _origin(manifest.base_url or "")
        seen: set[str] = set()
        for exchange in whole(subject).exchanges:
            request = exchange.request
            name = request.host if isinstance(request, HttpRequest) else None
            if name is not None:
                origin = _origin(manifest.hosts.get(name, ""))
                assert origin == own or origin not in seen, (
                    f"{origin} was named by an answer, and as the host {name!r} it gets the key"
                )
            seen |= {_origin(one) for one in _addresses(exchange.response)}

    @standard(needs=[LOADS, BUILT])
    def test_the_key_is_only_in_its_header(self, subject: Subject) -> None:
        """No request, state or result of a provider holds the key: the core alone adds it.

        If this fails: a hook found the key in the environment. Say in the manifest's `auth` which
        header carries it.
        """
        for exchange in subject.flow.exchanges:
            place = f"exchange {exchange.request.purpose}"
            assert CANARY.encode() not in exchange.sent.whole(), f"the key is in {place}"
            for purpose, text in (("step", exchange.step), ("job", exchange.job)):
                assert CANARY not in repr(text), f"the key is in the {purpose} of {place}"
        if (pending := subject.flow.pending) is not None:
            assert CANARY.encode() not in pending.whole(), "the key is in a request"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _addresses(response: HttpResponse) -> list[str]:
    """Every address that an answer names."""
    told = [value for several in response.headers.values() for value in several]
    with contextlib.suppress(ValueError):  # not every answer is JSON
        told += texts(response.json())
    return [found for text in told for found in _URL.findall(text)]
