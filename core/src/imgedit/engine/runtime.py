"""What all jobs of a client share: journal, spool, transport, worker, credentials, events."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from ..contract.event import Event
from ..contract.image import ImageSource
from ..errors import ConfigError, JournalError, OutputError, UsageError
from ..files import sync_folder
from ..ledger.budgets import Budget, Purse, to_budgets
from . import waits
from .journal import Journal, MemoryJournal
from .lists import Lists
from .output import RESULT
from .record import JobRecord
from .retry import RepeatBudget
from .room import Rooms
from .rules import LEASE, may_be_refused
from .temporary import brought, clear, flat, make_again, make_temporary, take_away
from .words import without_words, words_of

if TYPE_CHECKING:
    from ..config import Config
    from ..contract.job import Job
    from ..discovery import Provider, Registry
    from ..transport import Site, Transport
    from ..worker import LocalWorker
    from .ways import Way

logger = logging.getLogger("imgedit")


def closed() -> UsageError:
    """The error for a client that is used after its end."""
    return UsageError("this client is closed", hint="Make a new one.")


class Runtime:
    """Made by a client, closed with it; nothing heavy is made before its first use."""

    def __init__(
        self,
        *,
        registry: Registry,
        journal: Journal | None,
        keys: Mapping[str, Any],
        config: Config,
        keys_file: Path | None,
        cache: Path | None = None,
        concurrency: int,
        allow_insecure: bool = False,
        budgets: Iterable[Budget] = (),
    ) -> None:
        self.registry = Lists(registry, config, cache, allow_insecure=allow_insecure)
        self.journal: Journal = journal or MemoryJournal()
        self.config = config
        self.concurrency = concurrency
        self._keys = keys
        self._keys_file = keys_file
        self._allow_insecure = allow_insecure
        self._asking = asyncio.Lock()
        self._sites: dict[tuple[str, str | None], Site] = {}
        self._spool: Path | None = None
        self._temporary = True
        self._folders: set[str] = set()  # jobs with a folder in the spool
        self.asides: set[str] = set()  # and with an answer there, as far as is known
        self._loose: dict[str, list[Path]] = {}  # and files beside those, by job
        self.repeats = RepeatBudget()
        self.rooms = Rooms()
        self._budgets = (*config.budgets, *to_budgets(budgets))
        self._driven: set[str] = set()
        self._sign: asyncio.TimerHandle | None = None
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def used(self) -> None:
        """Somebody wants to send something: a client is used until it is closed, in one loop.

        Raises:
            UsageError: it is closed, or was used in another event loop before.
        """
        if self._closed:
            raise closed()
        loop = asyncio.get_running_loop()
        if self._loop not in (None, loop):
            raise UsageError(
                "this client was used in another event loop before",
                hint="Make a client in each event loop (asyncio.run begins a new one), or keep a "
                "SyncClient.",
            )
        self._loop = loop

    # -- pictures

    @cached_property
    def durable(self) -> bool:
        """Whether jobs outlive this process: the journal has a place for their pictures, too."""
        try:
            return self.journal.spool is not None
        except JournalError:  # it cannot be made, of which whoever needs it is told
            return True

    @property
    def way(self) -> Way:
        """Who knows the jobs of this client, when it is said how they go on."""
        way: Way = getattr(self.journal, "way", "client")
        return way if self.durable else "json"

    @property
    def spool(self) -> Path:
        """The folder for pictures: the journal's, or a temporary one that ends with the client.

        Raises:
            OutputError, JournalError: it cannot be made.
        """
        if self._spool is None:
            kept = self.journal.spool
            self._temporary = kept is None
            self._spool = kept.absolute() if kept else make_temporary()
        elif self._temporary:
            make_again(self._spool)
        return self._spool

    def noted(self, record: JobRecord) -> tuple[str, ...]:
        """The temporary folders in which pictures of a job may lie, with the one of this client."""
        here = None if self._spool is None or not self._temporary else str(self._spool)
        known = record.folders
        return known if here is None or here in known else (*known, here)

    def folder(self, job_id: str) -> Path:
        """The folder of one job in the spool.

        Raises:
            OutputError: it cannot be made.
        """
        folder = self.spool / job_id
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            from .output import cannot_write

            raise cannot_write(folder, error) from None
        if self.durable and job_id not in self._folders:
            sync_folder(folder.parent)  # what will lie there may be the only copy
        self._folders.add(job_id)
        return folder

    def file(self, job_id: str, name: str) -> Path:
        """The place of one of a job's files in the spool.

        A temporary spool is one flat folder. A journal's jobs have folders of their own, which
        outlive this process.

        Raises:
            OutputError: its folder cannot be made.
        """
        if self.durable:
            return self.folder(job_id) / name
        return flat(self.spool, job_id, name)

    def made(self, job_id: str, path: Path) -> None:
        """Note a file that a job needs for as long as it runs."""
        self._loose.setdefault(job_id, []).append(path)

    def answers(self, job_id: str) -> Path:
        """The folder for pictures that come in answers, under names of their own.

        Raises:
            OutputError: it cannot be made.
        """
        return self.folder(job_id) if self.durable else self.spool

    def kept(self, image: ImageSource, job_id: str) -> ImageSource:
        """The picture as a file when jobs outlive the process, else as it is."""
        if image.url is not None or image.path is not None or not self.durable:
            return image
        return evolve(image, path=str(self.file_of(image, job_id)), data=None)

    def file_of(self, image: ImageSource, job_id: str) -> Path:
        """A file with the picture's bytes.

        Raises:
            OutputError: there is no room for it.
        """
        if image.path is not None:
            return Path(image.path)
        target = self.folder(job_id) / f"{(image.sha256 or 'picture')[:32]}.{image.extension}"
        if not os.path.exists(target):
            try:
                target.write_bytes(image.read())
            except OSError as error:
                from .output import cannot_write

                raise cannot_write(target, error) from None
        return target

    def tidy(self, record: JobRecord) -> None:
        """Remove what a finished job no longer needs.

        Results that lay there stay, also when the job got another place: somebody has their path.
        """
        take_away(record, self._spool)
        if not self.durable:
            self._tidy_temporary(record)
            return
        with contextlib.suppress(OSError, OutputError, JournalError):
            folder = self.spool / record.id
            for path in folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                elif not path.name.startswith(RESULT):
                    path.unlink()
            folder.rmdir()

    def _tidy_temporary(self, record: JobRecord) -> None:
        for output in () if record.job.done is None else record.job.done.images:
            if output.image is not None and output.image.path is not None:
                self.made(record.id, Path(output.image.path))
        self.drop(record.id)

    def drop(self, job_id: str) -> None:
        """Remove every file in the spool of a job that has nothing there to be fetched."""
        if self.durable or job_id in self._folders:
            self._folders.discard(job_id)
            shutil.rmtree(self.spool / job_id, ignore_errors=True)
        for path in self._loose.pop(job_id, ()):
            if path.parent == self.spool:
                path.unlink(missing_ok=True)

    # -- the way out

    @cached_property
    def transport(self) -> Transport:
        """The one transport of this client; aiohttp is imported here."""
        from ..transport import Transport

        return Transport(concurrency=self.concurrency, proxy=self.config.proxy)

    @cached_property
    def worker(self) -> LocalWorker:
        """The one child process for local functions."""
        from ..worker import LocalWorker

        return LocalWorker()

    def base_url(self, provider: Provider) -> str | None:
        """Where a provider is reached: the environment, the configuration, or its manifest.

        Raises:
            ConfigError: what is configured cannot be used.
        """
        return self.registry.base_url(provider.name, provider.manifest)

    async def reach(self, provider: Provider, *, base_url: str | None = None) -> Site:
        """As `site`; a program or a keyring that has the key is asked off the event loop, once."""
        async with self._asking:
            if (provider.name, self.base_url(provider)) in self._sites:
                return self.site(provider, base_url=base_url)
            return await asyncio.to_thread(self.site, provider, base_url=base_url)

    def site(self, provider: Provider, *, base_url: str | None = None, keys: bool = True) -> Site:
        """Where and with which credentials to reach a provider.

        A job is never polled on another host: `base_url` is the one that it was sent to.

        With `keys` False the place of a key is taken by words, for a preview.

        Raises:
            ConfigError: there is no key, it cannot be used, or the base URL has changed.
        """
        present = self.base_url(provider)
        if base_url is not None and base_url != present:
            raise ConfigError(
                f"this job was sent to {base_url} and {provider.name} is now at {present}",
                hint=f"Set IMGEDIT_{provider.name.upper()}_BASE_URL as it was.",
            )
        known = (provider.name, present if keys else None)
        if known not in self._sites:
            self._sites[known] = self._make_site(provider, present, keys)
        return self._sites[known]

    def has_key(self, name: str) -> bool:
        """Whether a provider could be reached: it needs no key, or its key is there."""
        provider = self.registry.provider(name)
        if provider.manifest.local:
            return True
        try:
            self.site(provider)
        except ConfigError:
            return False
        return True

    def _make_site(self, provider: Provider, base_url: str | None, keys: bool) -> Site:
        from ..config import find_key
        from ..manifest import auth_headers, key_names
        from ..transport import Credentials, Site

        manifest = provider.manifest
        if base_url is None:
            raise ConfigError(f"{provider.name} has no base URL: it cannot be reached over HTTP")
        names = key_names(manifest)
        if keys:
            found = find_key(
                names,
                provider.name,
                explicit=self._keys.get(provider.name),
                command=self.config.of(provider.name).api_key_command,
                keyring=self._keys_file is not None,
                file=self._keys_file,
            )
            credentials = Credentials(auth_headers(manifest, found), list(found.values()))
        else:
            credentials = Credentials(auth_headers(manifest, dict.fromkeys(names, "(key)")))
        return Site(
            name=provider.name,
            base_url=base_url,
            hosts=manifest.hosts,
            credentials=credentials,
            configured=base_url != manifest.base_url,
            allow_insecure=self._allow_insecure or self.config.of(provider.name).allow_insecure,
        )

    # -- money, and who drives a job

    @cached_property
    def purse(self) -> Purse:
        """The budgets, and the rates by which they compare.

        Raises:
            ConfigError: a rate that was chosen does not exist.
        """
        from .rates import purse_of

        return purse_of(self.config, self.registry, self._budgets)

    @property
    def no_purse(self) -> Purse:
        """No budget, and where days begin: for a job that is too late to refuse."""
        return Purse(zone=self.config.timezone)

    def purse_for(self, record: JobRecord) -> Purse:
        """What a journal needs to store a job as it is now.

        Whatever happened already is stored without a look at budgets and rates, which could fail.

        Raises:
            ConfigError: as `purse`, for a job that is not sent yet.
        """
        return self.purse if may_be_refused(record) else self.no_purse

    def drives(self, job_id: str) -> None:
        """A job begins or goes on in this client; signs of life are given until `lets_go`."""
        self._driven.add(job_id)
        if self._sign is None:
            self._sign = asyncio.get_running_loop().call_later(LEASE / 3, self._give_sign)

    def _give_sign(self) -> None:
        self._sign = asyncio.get_running_loop().call_later(LEASE / 3, self._give_sign)
        try:
            self.journal.renew()
        except JournalError as error:
            logger.warning("%s", error.message)

    def lets_go(self, job_id: str) -> None:
        """A job does not run any more in this client; others may drive it."""
        self._driven.discard(job_id)
        if not self._driven and self._sign is not None:
            self._sign.cancel()
            self._sign = None
        for give_back in (self.journal.leave, self.journal.release):
            try:
                give_back(job_id)
            except JournalError as error:  # it ends by itself
                logger.debug("%s", error.message)

    # -- time and events

    async def sleep(self, seconds: float) -> None:
        """Wait; `imgedit.testing.instant_waits` makes it instant."""
        await waits.sleep(seconds)

    def tell(
        self, event: Event, callback: Callable[[Event], object] | None, job: Job | None = None
    ) -> None:
        """Hand an event to the caller and to the add-ons; what they raise is logged only.

        What the user of the job wrote, which a vendor's words may repeat, is not logged.
        """
        if logger.isEnabledFor(logging.DEBUG):
            text = event.text if job is None else without_words(event.text, words_of(job))
            logger.debug("%s %s %s", event.kind, event.job_id, text)
        if callback is not None:
            try:
                callback(event)
            except (Exception, SystemExit, KeyboardInterrupt) as error:
                main = threading.current_thread() is threading.main_thread()
                if main and isinstance(error, KeyboardInterrupt):
                    raise  # somebody pressed Ctrl-C
                logger.exception("on_event failed")
        self.registry.emit(event)

    async def close(self) -> None:
        """Close connections, the worker and the journal; remove the temporary spool.

        Pictures in it that came for a job which can go on stay: the job as JSON has their paths.
        """
        self._closed = True
        if "transport" in self.__dict__:
            await self.transport.close()
        if "worker" in self.__dict__:
            await self.worker.close()
        if self._spool is not None and self._temporary:
            with contextlib.suppress(JournalError):  # then all of it stays
                jobs = self.journal.unfinished([])
                clear(self._spool, {path for job in jobs for path in brought(job)})
        self.journal.close()
