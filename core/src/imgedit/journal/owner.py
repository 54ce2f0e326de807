"""Who drives a job: a process of this machine, told apart from its namesakes after a crash."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from attrs import frozen

_LINUX = sys.platform == "linux"
_ALIVE: set[str] = set()
"""The tokens of the journals that are open in this process."""


@frozen
class Owner:
    """One open journal of one process.

    Attributes:
        pid, started: the process, and when it began (in the system's own count, "" = not known).
        host, boot, space: the machine, its present run, and the world in which the pid counts.
        token: of the journal; two in one process are two owners.
    """

    pid: int
    started: str
    host: str
    boot: str
    space: str
    token: str

    def __str__(self) -> str:
        return "|".join((str(self.pid), self.started, self.host, self.boot, self.space, self.token))

    @classmethod
    def read(cls, text: str) -> Owner:
        """The owner that was written so; one that cannot be read is nobody, who is gone."""
        try:
            pid, started, host, boot, space, token = text.split("|")
            number = int(pid)
        except (TypeError, ValueError):
            return _NOBODY
        if not 0 < number < 1 << 31:  # the others mean groups of processes, or nothing
            return _NOBODY
        return cls(number, started, host, boot, space, token)

    def open(self) -> None:
        """Say that this journal is in use."""
        _ALIVE.add(self.token)

    def close(self) -> None:
        """Say that it is not any more."""
        _ALIVE.discard(self.token)

    def is_gone(self) -> bool:
        """Whether it surely drives nothing any more; False when that cannot be told."""
        if self is _NOBODY:
            return True
        pid, host, boot, space = _here(os.getpid())
        if self.host != host:
            return False
        if self.boot and boot and self.boot != boot:
            return True  # the machine was started anew
        if self.space != space:
            return False
        if self.pid == pid:
            return self.token not in _ALIVE
        if os.name != "posix":  # there, to ask a process is to signal it
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass
        now = _started(self.pid)
        return bool(self.started and now and now != self.started)


_NOBODY = Owner(0, "", "", "", "", "")


def this_process() -> Owner:
    """A new owner in this process."""
    pid, host, boot, space = _here(os.getpid())
    return Owner(pid, _started(pid), host, boot, space, os.urandom(6).hex())


@cache
def _here(pid: int) -> tuple[int, str, str, str]:
    import platform

    boot = space = ""
    if _LINUX:
        boot = _read("/proc/sys/kernel/random/boot_id").strip()
        with suppress(OSError):
            space = os.readlink("/proc/self/ns/pid")
    return pid, platform.node().replace("|", ""), boot, space


def _started(pid: int) -> str:
    """When a process began, "" where that cannot be read; a zombie has ended."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split() if _LINUX else []
    if not fields:
        return ""
    return "ended" if fields[0] in "ZX" else fields[19]


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
