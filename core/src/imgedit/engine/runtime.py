"""What all jobs of a client share: journal and spool, transport, worker, credentials, events."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract.event import Event
from ..errors import ConfigError, JournalError, UsageError
from ..ledger.budgets import Budget, Purse, to_budgets
from . import waits
from .journal import Journal, MemoryJournal
from .lists import Lists
from .record import JobRecord
from .retry import RepeatBudget
from .room import Rooms
from .rules import LEASE, may_be_refused
from .spool import Spool
from .words import without_words, words_of

if TYPE_CHECKING:
    from ..config import Config
    from ..contract.job import Job
    from ..discovery import Provider, Registry
    from ..transport import Site, Transport
    from ..worker import LocalWorker

logger = logging.getLogger("imgedit")


def closed() -> UsageError:
    """The error for a client that is used after its end."""
    return UsageError("this client is closed", hint="Make a new one.")


class Runtime(Spool):
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
        super().__init__(journal or MemoryJournal())
        self.registry = Lists(registry, config, cache, allow_insecure=allow_insecure)
        self.config = config
        self.concurrency = concurrency
        self._keys = keys
        self._keys_file = keys_file
        self._allow_insecure = allow_insecure
        self._asking = asyncio.Lock()
        self._sites: dict[tuple[str, str | None], Site] = {}
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

    def is_driven(self, job_id: str) -> bool:
        """Whether a job runs in this client."""
        return job_id in self._driven

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
        """Close connections, the worker and the journal; remove the temporary spool."""
        self._closed = True
        if "transport" in self.__dict__:
            await self.transport.close()
        if "worker" in self.__dict__:
            await self.worker.close()
        self.end_spool()
        self.journal.close()
