"""Twelve ways to misbehave, met by the real command line at every remote provider.

Each cell is one `imgedit edit` while the vendor misbehaves, then, where the job can go on,
`imgedit jobs resume` once it is well again. The vendor counts.

::

    for cell in cells():
        print(cell.fault, cell.provider, cell.submits, cell.refused, cell.exit, cell.charged)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import field, frozen

from imgedit.testing import Answer
from imgedit.testing.kit.http_tests import mapped, rate_limits
from imgedit.testing.kit.subject import Subject

from .vendors import Ran, Vendor, remote_providers, subject_of, vendor_of

_DEADLINE: Final = "4"
"""Seconds after which a command gives up a vendor that hangs."""

_SERVER_ERRORS: Final = (500, 502, 503, 504)

_OFTEN: Final = 20
"""More often than any exchange is tried."""


@frozen(kw_only=True)
class Case:
    """A fault as one vendor can show it.

    Attributes:
        about: what sets it apart from the other cases of this fault, "" when it is alone.
        begin: makes the vendor misbehave.
        refusals: how many submits it answers with an error that says that nothing was charged.
        arguments: of the edit.
    """

    about: str = ""
    begin: Callable[[Vendor], None]
    refusals: int = 0
    arguments: tuple[str, ...] = ()


@frozen(kw_only=True)
class Cell:
    """What came of one case.

    Attributes:
        provider, fault, about: which it was.
        submits: requests that ask for an edit, counted by the vendor until the very end.
        refused: those of them that the vendor answered with "nothing was charged".
        exit, type, charged: of the edit; a picture is None and "yes".
        resumed: the exit code of `jobs resume`; None = nothing was left to resume.
        again: what resuming said of the charge; None as there.
        pictures: how many files there are at the end; status: of the job at the end.
        waits: seconds that the edit waited.
        elsewhere: requests at the host to which redirects lead.
    """

    provider: str
    fault: str
    about: str
    submits: int
    refused: int
    exit: int
    type: str | None
    charged: str
    resumed: int | None
    again: str | None
    pictures: int
    status: str
    waits: tuple[float, ...] = field(repr=False)
    elsewhere: int

    @property
    def chargeable(self) -> int:
        """How many submits the vendor may have charged for: two would be a second payment."""
        return self.submits - self.refused


def _always(
    begin: Callable[[Vendor], None], *arguments: str
) -> Callable[[Subject], Iterable[Case]]:
    return lambda _: [Case(begin=begin, arguments=arguments)]


def downloads(subject: Subject) -> bool:
    """Whether its pictures are fetched from URLs, not part of an answer."""
    done = subject.flow.done
    return done is not None and any(output.url for output in done.images)


def _on_submit(name: str) -> Callable[[Vendor], None]:
    return lambda vendor: vendor.server.fault(*vendor.submit, name, times=_OFTEN)


def _on_result(name: str) -> Callable[[Vendor], None]:
    """On what holds the pictures: their downloads, or the answer to the submit itself."""

    def begin(vendor: Vendor) -> None:
        for route in vendor.results or [vendor.submit]:
            vendor.server.fault(*route, name, times=_OFTEN)

    return begin


def _rate_limited(subject: Subject) -> Iterator[Case]:
    """429 twice, each with another way to say when to come back."""
    forms = list(rate_limits(subject))
    for first in range(0, len(forms), 2):
        pair = forms[first : first + 2]
        answers = [Answer(status=429, headers=headers) for _, headers in pair]
        yield _refused(subject, answers, " and ".join(form for form, _ in pair))


def _server_error(subject: Subject) -> Iterator[Case]:
    """A 5xx of each kind that the vendor has: charged or not, known or not."""
    kinds = {mapped(subject, Answer(status=status)).charged: status for status in _SERVER_ERRORS}
    for charged, status in kinds.items():
        yield _refused(subject, [Answer(status=status)], f"{status}, charged: {charged}")


def _refused(subject: Subject, answers: list[Answer], about: str) -> Case:
    free = mapped(subject, answers[0]).charged == "no"
    return Case(
        about=about,
        begin=lambda vendor: vendor.server.next(*vendor.submit, *answers),
        refusals=len(answers) if free else 0,
    )


def _slow(vendor: Vendor) -> None:
    if vendor.subject.flow.of("poll"):
        vendor.slow(30)
    else:
        vendor.submit_delay = 0.3


def _gone(subject: Subject) -> Iterator[Case]:
    """404 for the picture, or for the submit whose answer would be the picture."""
    free = not downloads(subject) and mapped(subject, Answer(status=404)).charged == "no"
    yield Case(begin=_on_result("not_found"), refusals=_OFTEN if free else 0)


TWELVE: Final[Mapping[str, Callable[[Subject], Iterable[Case]]]] = {
    "dropped before the body": _always(_on_submit("drop_before_body")),
    "dropped after the body": _always(_on_submit("drop_after_body")),
    "dropped inside the answer": _always(_on_submit("drop_inside")),
    "hanging": _always(_on_submit("hang"), "--timeout", _DEADLINE),
    "429": _rate_limited,
    "5xx": _server_error,
    "slow queue": _always(_slow),
    "result 404": _gone,
    "another picture": _always(_on_result("other_picture")),
    "redirect": _always(_on_submit("redirect")),
    "bomb": lambda _: [
        Case(about="unpacking the answer", begin=_on_submit("gzip_bomb")),
        Case(about="decoding the picture", begin=_on_result("picture_bomb")),
    ],
    "truncated picture": _always(_on_result("half")),
}
"""The twelve, by name: what each comes to at a vendor."""


def cells(providers: Iterable[str] | None = None) -> Iterator[Cell]:
    """Every fault at every remote provider, or at some; each takes about a second.

    A vendor may have several cells for one fault: what differs is in `about`.
    """
    for provider in remote_providers() if providers is None else providers:
        for fault in TWELVE:
            yield from meet(provider, fault)


def said_of(met: Sequence[Cell]) -> str:
    """What came of some cells, in one line."""
    faults, providers = {cell.fault for cell in met}, {cell.provider for cell in met}
    return (
        f"{len(faults)} at {len(providers)} providers, {len(met)} edits: "
        f"at most {max(cell.chargeable for cell in met)} submit of each may have been charged, "
        f"{sum(cell.refused for cell in met)} were refused uncharged, "
        f"{sum(cell.status == 'done' for cell in met)} edits have their pictures, "
        f"{sum('unknown' in (cell.again or cell.charged) for cell in met)} are listed as unknown"
    )


def meet(provider: str, fault: str) -> Iterator[Cell]:
    """One fault at one provider.

    Raises:
        KeyError: there is no such fault.
        LookupError: the provider's tests do not describe it to the kit.
        SkipTest: no setting leads all that it sends to this machine.
    """
    for case in TWELVE[fault](subject_of(provider)):
        with vendor_of(provider) as vendor:
            yield _met(vendor, fault, case)


def _met(vendor: Vendor, fault: str, case: Case) -> Cell:
    case.begin(vendor)
    edit = vendor.command_edit(*case.arguments)
    refused = min(case.refusals, vendor.submits)
    vendor.server.mend()
    after: Ran | None = None
    for record in vendor.left_over():
        after = vendor.command_resume(record.id)
    (record,) = vendor.records()
    return Cell(
        provider=vendor.subject.name,
        fault=fault,
        about=case.about,
        submits=vendor.submits,
        refused=refused,
        exit=edit.exit,
        type=edit.error.get("type"),
        charged=edit.charged,
        resumed=None if after is None else after.exit,
        again=None if after is None else after.charged,
        pictures=len(vendor.pictures()),
        status=record.job.status,
        waits=edit.waits,
        elsewhere=len(vendor.server.elsewhere.requests),
    )
