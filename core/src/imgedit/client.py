"""`Client`: edits, quotes and resumes, on the caller's event loop."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Never

from attrs import evolve

from .books import Books
from .config import Config, Paths, load_config
from .contract.job import Status
from .contract.money import Money
from .contract.request import EditRequest, Reference
from .discovery import registry
from .engine import bookkeeping
from .engine.aside import drop_aside, row_of, with_aside
from .engine.ceiling import to_money
from .engine.drive import Drive
from .engine.finish import present, to_result
from .engine.journal import Journal
from .engine.next_step import of_a_job, told_of
from .engine.placing import elsewhere
from .engine.plan import FIELDS, Ask, make_request, plan, unknown_keyword
from .engine.record import JobRecord
from .engine.route import candidates, first, tell_of
from .engine.rules import supersedes
from .engine.runtime import Runtime
from .engine.sidecar import write_sidecars
from .engine.store import loads
from .errors import (
    BudgetExceeded,
    ConfigError,
    ImgEditError,
    JournalError,
    UnknownProvider,
    UsageError,
)
from .job import EditJob, OnEvent
from .ledger import Budget, Purse
from .manifest.poll import deadline_seconds
from .result import EditResult, Tried

if TYPE_CHECKING:
    from .discovery import Provider
    from .engine.live import Balance, LiveModels
    from .engine.quotes import Quotes
    from .engine.reuse import Earlier
    from .engine.ways import Way

Picture = Any

_KEYWORDS = (
    "provider",
    *FIELDS,
    "out",
    "max_cost",
    "deadline",
    "overwrite",
    "keep_metadata",
    "sidecar",
    "reuse",
    "next_on_refusal",
    "on_event",
)


class Client(Books):
    """Edits pictures through the installed providers; an async context manager.

    It reads its arguments and environment variables, nothing else; `from_config` adds the
    configuration file, the key file and the journal of the command line. It is used in one event
    loop, until it is closed: else `UsageError`, and nothing is sent.

    Args:
        keys: provider → key, or provider → {part: value}.
        journal: a path (SQLite) or a `Journal`; None keeps jobs in memory: what is said of
            crashes then holds inside this process only.
        concurrency: how many edits run at once; others wait their turn.
        allow_insecure: permit `http://` base URLs on other machines than this.
        budgets: what may be spent; they count all jobs of the journal.
    """

    def __init__(
        self,
        *,
        keys: Mapping[str, str | Mapping[str, str]] | None = None,
        journal: Journal | str | os.PathLike[str] | None = None,
        concurrency: int = 8,
        allow_insecure: bool = False,
        budgets: Iterable[Budget] = (),
    ) -> None:
        self._start(
            keys or {}, _journal(journal), concurrency, allow_insecure, Config(), None, budgets
        )

    @classmethod
    def from_config(
        cls,
        *,
        journal: bool | str | os.PathLike[str] = True,
        keys: Mapping[str, str | Mapping[str, str]] | None = None,
        concurrency: int = 8,
        budgets: Iterable[Budget] = (),
    ) -> Client:
        """A client as the command line has it.

        Args:
            journal: True = what the configuration says, False = none, or a path.
            keys, concurrency: as in `Client()`.
            budgets: besides those of the configuration.

        Raises:
            ConfigError: the configuration cannot be read; JournalError: nor the journal.
        """
        paths = Paths.from_environment()
        config = load_config(paths.config_file)
        kept: Journal | None = None
        if journal is True:
            from .journal import open_journal

            kept = open_journal(config, paths)
        elif journal is not False:
            kept = _journal(journal)
        client = cls.__new__(cls)
        client._start(keys or {}, kept, concurrency, False, config, paths, budgets)
        if config.retention is not None:
            bookkeeping.prune_daily(client.runtime, config.retention)
        return client

    def _start(
        self,
        keys: Mapping[str, Any],
        journal: Journal | None,
        concurrency: int,
        allow_insecure: bool,
        config: Config,
        paths: Paths | None,
        budgets: Iterable[Budget],
    ) -> None:
        if concurrency < 1:
            raise ValueError("concurrency is 1 or more")
        self.runtime = Runtime(
            registry=registry(),
            journal=journal,
            keys=keys,
            config=config,
            keys_file=None if paths is None else paths.keys_file,
            cache=None if paths is None else paths.cache,
            concurrency=concurrency,
            allow_insecure=allow_insecure,
            budgets=budgets,
        )
        self._turns = asyncio.Semaphore(concurrency)
        # Many edits that begin at once come in one by one, so that the first ones are on their way
        # while the others are still prepared.
        self._door = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<Client: {len(self.runtime.registry.names())} providers>"

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close connections and journal; results without a place of their own are deleted."""
        await self.runtime.close()

    # -- editing

    async def edit(
        self,
        image: Picture,
        prompt: str,
        *,
        provider: str | None = None,
        model: str | None = None,
        n: int = 1,
        aspect_ratio: str | None = None,
        resolution: str | None = None,
        quality: str | None = None,
        output_format: str | None = None,
        mask: Picture | None = None,
        references: Iterable[Picture | tuple[Picture, str | None] | Reference] = (),
        seed: int | None = None,
        options: Mapping[str, Any] | None = None,
        label: str | None = None,
        out: str | os.PathLike[str] | None = None,
        max_cost: Money | str | None = None,
        deadline: float | None = None,
        overwrite: bool = False,
        keep_metadata: bool = False,
        sidecar: bool = False,
        reuse: bool = False,
        next_on_refusal: bool = False,
        on_event: OnEvent | None = None,
        **unknown: Never,
    ) -> EditResult:
        """Edit a picture.

        Args:
            image: a path, bytes, an open file, an http(s) URL, a data URI or an ImageSource.
            prompt: what to do, in words.
            provider: the plugin's name; None = see "which provider" in the README. "a,b" tries
                them in this order, "cheapest" by price: the next one only when the one before
                surely charged nothing and could not serve.
            model, n, aspect_ratio, resolution, quality, output_format, seed: as each model takes
                them; what a model does not take is refused, never dropped.
            mask: a picture; white = change, black = keep.
            references: further pictures, each alone or with a description.
            options: fields that only one vendor has.
            label: your own word for the job; never sent.
            out: where the picture goes; None = a file that ends with the client.
            max_cost: "0.10 USD"; refused when the price may be higher or is not known.
            deadline: seconds for all of it; None = the provider's own, else 600.
            overwrite: whether `out` may replace a file; a name that the format changes never does.
            keep_metadata: send EXIF and other metadata along instead of removing it.
            sidecar: whether a record is written beside each picture, "out.png.json".
            reuse: whether the stored result of the same edit, when there is one in the journal, is
                returned instead of buying it again; see "The same edit" in docs/money.md.
            next_on_refusal: with several providers, whether the next one is asked, too, when one
                refused the content and charged nothing.
            on_event: called with each `Event`.

        Raises:
            ImgEditError: see `imgedit.errors`; `charged` says whether money was spent.
            TypeError: an unknown keyword.
        """
        for name in unknown:
            raise unknown_keyword(name, _KEYWORDS)
        given = locals()
        self.runtime.used()
        async with self._turns:
            async with self._door:
                await asyncio.sleep(0)
            self.runtime.used()  # not closed since
            ask = await self._ask(given)
            asks = await candidates(self.runtime, ask)
            earlier = await self._look(asks)
            if earlier is not None:
                return await self._reuse(earlier, on_event)
            begun = time.monotonic()

            async def serve(one: Ask) -> EditResult:
                left = deadline if deadline is None else deadline - (time.monotonic() - begun)
                ready, record = await plan(self.runtime, one, on_event)
                return await self._drive(ready, record, left, on_event)

            result, tried = await first(self.runtime, asks, serve)
            return evolve(result, tried=tried)

    async def submit(self, image: Picture, prompt: str, **keywords: Any) -> EditJob:
        """Begin an edit and return at once when it is checked and priced.

        Takes what `edit` takes and raises what it raises before anything is sent. Of several
        providers it is the first that can do the edit; no other is asked after that, also when a
        budget refuses it.
        """
        arguments = _arguments(keywords)
        self.runtime.used()
        deadline, on_event = arguments.pop("deadline"), arguments.pop("on_event")
        ask = await self._ask({"image": image, "prompt": prompt, **arguments})
        asks = await candidates(self.runtime, ask)
        earlier = await self._look(asks)
        if earlier is not None:
            found = earlier
            return EditJob(
                found.record, self._turns, lambda tell: self._reuse(found, tell), on_event
            )
        (ready, record), tried = await self._plan(asks, on_event)

        async def work(tell: OnEvent) -> EditResult:
            self.runtime.used()  # not closed since
            try:
                result = await self._drive(ready, record, deadline, tell)
            except ImgEditError as error:
                tell_of(error, tried)
                raise
            return evolve(result, tried=tried)

        return EditJob(record, self._turns, work, on_event)

    async def resume(
        self,
        job: JobRecord | str,
        *,
        out: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        deadline: float | None = None,
        on_event: OnEvent | None = None,
    ) -> EditResult:
        """Go on with a job: its id in the journal, or the JSON that an error carried.

        Nothing that was sent is sent again. A job that is done gives its result once more.

        Args:
            out: another place for its pictures, from now on; those that are written already are
                copied there. None = where the job wanted them.
            overwrite: whether `out` may replace what is there now. What was written after a job
                began is never replaced because of what was said then.

        Raises:
            UsageError: `overwrite` without `out`; OutputError: `out` cannot be written;
                JournalError: there is no such job; PluginError: its provider is not there any more;
                ImgEditError: as `edit`.
        """
        if overwrite and out is None:
            where = "Say where the picture goes (-o, or out= in Python)."
            raise UsageError("overwrite needs a place", hint=where)
        self._used(job)
        record = self._record(job)
        async with self._turns:
            self._used(record)
            stored = self._hold(record, read=isinstance(job, str) and not _is_json(job))
            try:
                if stored is not None:
                    record = record if supersedes(record, stored) else stored
                    record = with_aside(self.runtime, record, stored.job.status)
                elif not record.finished:
                    self._begin_again(record)
                before = record
                if out is not None and (not record.finished or record.job.status == "done"):
                    record = await self._elsewhere(record, os.fspath(out), overwrite)
                if (await asyncio.to_thread(present, record)).complete:
                    if stored is not None and not (stored.finished and record is before):
                        self._save(record, self.runtime.no_purse, self.runtime.way)
                        drop_aside(self.runtime, record)
                    return await self._finished(record)
                kept = (stored or record).job.status
                provider = self._provider_of(record)
                return await self._drive(provider, record, deadline, on_event, kept=kept)
            finally:
                self.runtime.lets_go(record.id)

    def _used(self, job: JobRecord | str) -> None:
        """`Runtime.used`, with what is known of a job that is to go on."""
        try:
            self.runtime.used()
        except UsageError as error:
            if isinstance(job, str) and not _is_json(job):
                error.charged = "unknown"  # whoever has the job knows
                raise
            raise told_of(error, self._record(job), self.runtime.way) from None

    def _begin_again(self, record: JobRecord) -> None:
        """Store a job that the journal does not have, unless it knows that it is over."""
        planned = record.job.status == "planned"  # else it is too late for a budget
        try:
            self._save(record, self.runtime.purse if planned else self.runtime.no_purse, "json")
        except ImgEditError as error:
            if isinstance(error, BudgetExceeded):  # it is there when there is room again
                told_of(error, record, "json")
            error.only_here = self.runtime.durable
            raise

    def _save(self, record: JobRecord, purse: Purse, way: Way) -> None:
        with of_a_job(record, way):
            self.runtime.journal.save(row_of(self.runtime, record), purse=purse)

    def _hold(self, record: JobRecord, *, read: bool) -> JobRecord | None:
        """`Journal.hold`; `read` = the record is what the journal said just now."""
        try:
            return self.runtime.journal.hold(record.id)
        except JournalError as error:
            if error.charge_is_said:
                raise
            told_of(error, record, self.runtime.way)
            if error.charged == "no" and not read:
                error.charged, error.retryable = "unknown", False  # it may have been sent since
            raise

    async def _elsewhere(self, record: JobRecord, out: str, overwrite: bool) -> JobRecord:
        with of_a_job(record, self.runtime.way, out=True):
            return await asyncio.to_thread(elsewhere, record, out, overwrite=overwrite)

    async def _finished(self, record: JobRecord) -> EditResult:
        """The result of a job that was finished before; a sidecar that is missing is written."""
        result = to_result(record)
        if record.wish.sidecar:
            with of_a_job(record, self.runtime.way):
                await asyncio.to_thread(write_sidecars, record, result, resumed=True)
        self.runtime.tidy(record)
        return result

    async def _look(self, asks: Sequence[Ask]) -> Earlier | None:
        """The same edit done before by one of several providers, when that may be reused."""
        if not asks[0].reuse:
            return None
        from .engine.reuse import look

        return await look(self.runtime, asks)

    async def _plan(
        self, asks: Sequence[Ask], on_event: OnEvent | None
    ) -> tuple[tuple[Provider, JobRecord], tuple[Tried, ...]]:
        return await first(self.runtime, asks, lambda ask: plan(self.runtime, ask, on_event))

    async def _drive(
        self,
        provider: Provider,
        record: JobRecord,
        deadline: float | None,
        on_event: OnEvent | None,
        *,
        kept: Status | None = None,
    ) -> EditResult:
        seconds = deadline_seconds(provider.manifest) if deadline is None else deadline
        drive = Drive(self.runtime, provider, record, seconds=seconds, on_event=on_event, kept=kept)
        record = await drive.run()
        return to_result(record, drive.hand_over())

    async def _reuse(self, earlier: Earlier, on_event: OnEvent | None) -> EditResult:
        from .engine.reuse import hand_out

        record = await hand_out(self.runtime, earlier, on_event)
        result = evolve(to_result(record), reused=True)
        if record.wish.sidecar:
            await asyncio.to_thread(write_sidecars, record, result)
        return result

    # -- before paying

    async def quote(
        self,
        image: Picture,
        prompt: str,
        *,
        provider: str | None = None,
        **fields: Any,
    ) -> Quotes:
        """What every installed model asks for exactly this edit; needs no key, sends nothing.

        Takes the request fields of `edit`.
        """
        for name in fields:
            if name not in FIELDS:
                raise unknown_keyword(name, FIELDS)
        from .engine.quotes import ask_all

        request = await make_request(image, prompt, fields)
        return await asyncio.to_thread(
            ask_all,
            self.runtime.registry,
            request,
            provider=provider,
            config=self.runtime.config,
        )

    async def preview(self, image: Picture, prompt: str, **keywords: Any) -> list[dict[str, Any]]:
        """The requests that `edit` would send, as JSON rows; nothing is sent, no key is needed.

        Of several providers they are those to the first that can do the edit.
        """
        from .engine.preview import preview

        arguments = _arguments(keywords)
        on_event = arguments.pop("on_event")
        arguments["reuse"] = False  # what would be sent is asked
        ask = await self._ask({"image": image, "prompt": prompt, **arguments})
        (provider, record), _ = await self._plan(await candidates(self.runtime, ask), on_event)
        return preview(self.runtime, provider, record)

    def models(self, provider: str | None = None) -> list[dict[str, Any]]:
        """The models of one provider or of all that can be read, as rows of JSON."""
        from .manifest import model_row

        known = self.runtime.registry
        names = [row.name for row in known.rows() if row.status == "ok"]
        return [
            model_row(name, model, known.manifest(name))
            for name in ([provider] if provider is not None else names)
            for model in known.manifest(name).models
        ]

    # -- asking the vendor, free

    async def live_models(self, provider: str) -> LiveModels:
        """Ask a vendor for its own list of models.

        The answer counts for this client, and after `from_config` for 7 days on this machine:
        quotes and edits then take its models, limits and prices, with its date.

        Raises:
            UsageError: the vendor has no such list; ImgEditError: see `imgedit.errors`.
        """
        from .engine.live import ask_models

        self.runtime.used()
        return await ask_models(self.runtime, provider)

    async def balance(self, provider: str) -> Balance:
        """Ask a vendor what is left on the account of the key.

        Raises:
            UsageError: the vendor does not tell; ImgEditError: see `imgedit.errors`.
        """
        from .engine.live import ask_balance

        self.runtime.used()
        return await ask_balance(self.runtime, provider)

    def _record(self, job: JobRecord | str) -> JobRecord:
        if isinstance(job, JobRecord):
            return job
        with of_a_job():
            return loads(job) if _is_json(job) else self.runtime.journal.load(job)

    def _provider_of(self, record: JobRecord) -> Provider:
        with of_a_job(record, self.runtime.way):
            try:
                return self.runtime.registry.provider(record.job.provider)
            except UnknownProvider as error:
                error.hint = _install(record.distribution) or error.hint
                raise

    async def _ask(self, given: Mapping[str, Any]) -> Ask:
        out = given["out"]
        request: EditRequest = await make_request(
            given["image"], given["prompt"], {name: given[name] for name in FIELDS}
        )
        return Ask(
            request=request,
            provider=given["provider"],
            out=None if out is None else os.fspath(out),
            overwrite=given["overwrite"],
            max_cost=to_money(given["max_cost"]),
            keep_metadata=given["keep_metadata"],
            sidecar=given["sidecar"],
            reuse=given["reuse"],
            next_on_refusal=given["next_on_refusal"],
        )


def _is_json(job: str) -> bool:
    return job.lstrip().startswith("{")


def _install(distribution: str) -> str | None:
    """What brings a job's plugin back; None = it is there and left out, or never was installed."""
    from importlib import metadata

    if distribution.endswith("(registered)"):
        return None
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return f"Install it: pip install {distribution}."
    return None


def _arguments(keywords: Mapping[str, Any]) -> dict[str, Any]:
    for name in keywords:
        if name not in _KEYWORDS:
            raise unknown_keyword(name, _KEYWORDS)
    defaults: dict[str, Any] = dict.fromkeys(_KEYWORDS)
    defaults |= {
        "n": 1,
        "references": (),
        "overwrite": False,
        "keep_metadata": False,
        "sidecar": False,
        "reuse": False,
        "next_on_refusal": False,
    }
    return defaults | dict(keywords)


def _journal(journal: Journal | str | os.PathLike[str] | None) -> Journal | None:
    if journal is None or isinstance(journal, Journal):
        return journal
    if isinstance(journal, str | os.PathLike):
        from .journal import SqliteJournal

        return SqliteJournal(journal)
    raise ConfigError(f"a journal is a path or a Journal, not {type(journal).__name__}")
