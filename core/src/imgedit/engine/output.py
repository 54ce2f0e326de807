"""Where a picture goes: its name, the checks before money is spent, and the atomic write."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from ..errors import OutputError
from ..files import whole
from ..images.sniff import extension_for, media_type_for

RESULT: Final = "result-"
"""What the name of a result begins with that has no place of its own but the spool."""
_USUAL: Final = ("png", "jpg", "jpeg", "webp")
_LONGEST: Final = "-99.webp"
"""What a name may end in: a format that nobody named, and a number when another has that name."""
_ELSEWHERE: Final = "-o, or out= in Python"
_SEPARATORS: Final = tuple(filter(None, (os.sep, os.altsep)))
_IN_THE_WAY: Final = "Move what is there away."
_NO_FOLDER: Final = "Make the folder."


def numbered(out: Path, index: int, count: int) -> Path:
    """`out` itself for one picture, `out-1`, `out-2` ... for several."""
    if count == 1:
        return out
    if media_type_for(out.suffix) is None:  # a dot in the name, no extension
        return out.with_name(f"{out.name}-{index + 1}")
    return out.with_name(f"{out.stem}-{index + 1}{out.suffix}")


def fitting(path: Path, media_type: str) -> Path:
    """The path with the extension that the bytes have; the same path when it fits already."""
    if media_type_for(path.suffix) == media_type:
        return path
    extension = f".{extension_for(media_type)}"
    known = media_type_for(path.suffix) is not None or not path.suffix
    return path.with_suffix(extension) if known else path.with_name(path.name + extension)


def sidecar_of(picture: Path) -> Path:
    """Where the record of a picture lies: "out.png.json"."""
    return picture.with_name(f"{picture.name}.json")


def usual_names(path: Path) -> list[Path]:
    """The path, or without a picture's extension each that it gets from the usual formats."""
    if media_type_for(path.suffix) is not None:
        return [path]
    return [path.with_name(f"{path.name}.{extension}") for extension in _USUAL]


def free_name(path: Path, *, sidecar: bool, ours: Callable[[Path], bool]) -> Path:
    """The path, or the first of `path-1`, `path-2` ... that does not exist, nor its sidecar.

    What is there and `ours` counts as free.
    """
    number = 0
    free = path
    lies = os.path.lexists
    while (lies(free) or (sidecar and lies(sidecar_of(free)))) and not ours(free):
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def check_writable(
    out: str | Path,
    count: int,
    *,
    overwrite: bool,
    sidecar: bool = False,
    since: datetime | None = None,
    ours: Callable[[Path], bool] = lambda path: False,
) -> None:
    """Refuse an output that cannot work, before anything is spent.

    Which format a picture has whose name has no extension is known only when it is paid for.

    Args:
        sidecar: whether a record goes beside each picture.
        since: what was written later is in the way although files may be overwritten.
        ours: whether a file is one of the pictures, written before: it is not in the way.

    Raises:
        OutputError: the folder is missing or not writable, a name is too long, or a file is in
            the way.
    """
    try:
        _check_all(check_place(out), count, overwrite, sidecar, since, ours)
    except OutputError as error:
        raise or_elsewhere(error) from error.__cause__


def _check_all(
    place: Path,
    count: int,
    overwrite: bool,
    sidecar: bool,
    since: datetime | None,
    ours: Callable[[Path], bool],
) -> None:
    for index in range(count):
        asked = numbered(place, index, count)
        _check_length(asked, sidecar=sidecar)
        for path in usual_names(asked):
            if os.path.isdir(path):
                raise _is_folder(path)
            if ours(path):
                continue
            check_free(path, overwrite=overwrite, since=since)
            if sidecar:
                check_free(sidecar_of(path), overwrite=overwrite, since=since)


def check_place(out: str | Path) -> Path:
    """The path of a file that is to be written, in a folder that takes files.

    Raises:
        OutputError: it is a folder's, or in a folder that is missing or not writable.
    """
    if "\0" in str(out):
        raise OutputError("the output's name holds a NUL character", hint="Choose another name.")
    if str(out).endswith(_SEPARATORS):
        raise OutputError(f"{str(out)!r} is the name of a folder", hint="Give the name of a file.")
    try:
        _check_folder(Path(out))
    except OSError as error:  # a name is too long, a folder may not be looked into
        raise cannot_write(Path(out), error) from None
    return Path(out)


def _check_length(path: Path, *, sidecar: bool) -> None:
    stem = path.name if media_type_for(path.suffix) is None else path.stem
    longest = path.with_name(stem + _LONGEST)
    try:
        os.lstat(sidecar_of(longest) if sidecar else longest)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise cannot_write(path, error) from None


def _is_folder(path: Path) -> OutputError:
    return OutputError(
        f"{str(path)!r} is a folder", hint="Give the name of a file.", mend=_IN_THE_WAY
    )


def _check_folder(out: Path) -> None:
    folder = out.parent
    if out.is_dir():
        raise _is_folder(out)
    if not folder.exists():
        raise OutputError(
            f"the folder {str(folder)!r} does not exist",
            hint="Make it, or choose another.",
            mend=_NO_FOLDER,
        )
    if not folder.is_dir():
        raise OutputError(
            f"{str(folder)!r} is not a folder", hint="Choose another place.", mend=_NO_FOLDER
        )
    _probe(folder)


def check_free(path: Path, *, overwrite: bool, since: datetime | None = None) -> None:
    """Raises OutputError when a file is in the way and may not be replaced."""
    if not os.path.lexists(path):
        return
    if not overwrite or (since is not None and is_newer(path, since)):
        raise in_the_way(path)


def is_newer(path: Path, since: datetime) -> bool:
    """Whether something lies there that was written later."""
    try:
        return os.lstat(path).st_mtime > since.timestamp()
    except OSError:  # nothing that could be seen
        return False


def in_the_way(path: Path) -> OutputError:
    """The error for an output that exists."""
    return OutputError(
        f"{str(path)!r} exists already",
        hint="Choose another name, or allow overwriting it.",
        mend=_IN_THE_WAY,
    )


def _probe(folder: Path) -> None:
    # os.access lies for root and on network drives: only writing tells.
    probe = folder / f".imgedit-{os.getpid()}-{os.urandom(4).hex()}.probe"
    try:
        probe.touch(exist_ok=False)
    except OSError as error:
        raise cannot_write(folder, error) from None
    with contextlib.suppress(OSError):
        probe.unlink()


def cannot_write(path: Path, error: OSError) -> OutputError:
    """The OutputError for an OSError met while writing."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        what = f"there is no room to write {str(path)!r}"
        return OutputError(
            what, hint="Free some space, or write somewhere else.", mend="Free some space there."
        )
    reason = error.strerror or type(error).__name__
    hint, mend = "Choose another place for it.", "Make it possible to write there."
    if error.errno == errno.ENOENT:
        mend = _NO_FOLDER
    elif error.errno == errno.ENAMETOOLONG:
        hint = f"Choose a shorter name ({_ELSEWHERE})."
    return OutputError(f"{str(path)!r} cannot be written: {reason}", hint=hint, mend=mend)


def or_elsewhere(error: OutputError) -> OutputError:
    """The error, with what helps at the user's place as well: to name another one."""
    mend = error.mend or "Make it possible to write there."
    error.mend = f"{mend.rstrip('.')}, or name another place ({_ELSEWHERE})."
    return error


def second_name(source: Path, target: Path) -> None:
    """Let `target` be the picture `source` too, in the same folder; a file there is replaced.

    Raises:
        OutputError: it cannot be written there.
    """
    try:
        target.unlink(missing_ok=True)
        os.link(source, target)
    except OSError:  # a file system without hard links
        place(source, target, overwrite=True)


def place(source: Path | bytes, target: Path, *, overwrite: bool) -> None:
    """Bring a picture to its place: whole or not at all, and never over another file unasked.

    Raises:
        OutputError: it cannot be written there, or a file came in the way.
    """
    try:
        with whole(target, overwrite=overwrite) as file:
            if isinstance(source, bytes):
                file.write(source)
            else:
                with open(source, "rb") as original:
                    shutil.copyfileobj(original, file, 1 << 16)
    except FileExistsError:
        raise in_the_way(target) from None
    except OSError as error:
        raise cannot_write(target, error) from None
