"""Where configuration, jobs and pictures lie on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from ..errors import ConfigError


@frozen(kw_only=True)
class Paths:
    """The folders of imgedit; none of them is made by asking.

    Attributes:
        config: of `config.toml` and `keys.json`.
        state: of the journal and its spool.
        cache: of what can be fetched again.
    """

    config: Path
    state: Path
    cache: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Paths:
        """The folders that the system has for this, or all in `IMGEDIT_HOME` when that is set.

        Raises:
            ConfigError: `IMGEDIT_HOME` names a user whose home is not known.
        """
        home = (os.environ if environ is None else environ).get("IMGEDIT_HOME")
        if home:
            try:
                folder = Path(home).expanduser().absolute()
            except RuntimeError:
                raise ConfigError(
                    f"IMGEDIT_HOME is {home!r}, and there is no such home folder",
                    hint="Set it to the path of a folder.",
                ) from None
            return cls(config=folder, state=folder, cache=folder / "cache")
        import platformdirs

        dirs = platformdirs.PlatformDirs("imgedit", appauthor=False)
        return cls(
            config=dirs.user_config_path, state=dirs.user_state_path, cache=dirs.user_cache_path
        )

    @property
    def config_file(self) -> Path:
        """The settings, see `load_config`."""
        return self.config / "config.toml"

    @property
    def keys_file(self) -> Path:
        """The keys, see `find_key`."""
        return self.config / "keys.json"

    @property
    def journal(self) -> Path:
        """The journal of the command line."""
        return self.state / "journal.sqlite3"

    @property
    def spool(self) -> Path:
        """The pictures of jobs in that journal."""
        return self.state / "spool"
