"""Runs the functions of `LocalRequest`s in a long-lived child process."""

from __future__ import annotations

from .client import DEFAULT_MEMORY, LocalWorker
from .errors import Kind, WorkerFailed

__all__ = ["DEFAULT_MEMORY", "Kind", "LocalWorker", "WorkerFailed"]
