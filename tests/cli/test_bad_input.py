"""Bad input gets a clear error, and nothing is left behind."""

from __future__ import annotations

import os
import re
import struct
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image


def bomb() -> bytes:
    """About 20 kB of PNG that would be 13,000 x 13,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    deflate = zlib.compressobj(9)
    rows = b"".join(deflate.compress(bytes(1 + 13000 // 8)) for _ in range(13000))
    header = struct.pack(">IIBBBBB", 13000, 13000, 1, 0, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", rows + deflate.flush()),
            chunk(b"IEND", b""),
        )
    )


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def heic() -> bytes:
    return (
        box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
        + box(b"meta", bytes(4) + box(b"hdlr", bytes(8) + b"pict" + bytes(13)))
        + box(b"mdat", bytes(64))
    )


def animated(path: Path) -> None:
    red, blue = (Image.new("RGB", (20, 20), color) for color in ("red", "blue"))
    red.save(path, save_all=True, append_images=[blue], duration=100)


def truncated(path: Path) -> None:
    Image.linear_gradient("L").save(path)
    path.write_bytes(path.read_bytes()[:-200])


PICTURES = {
    "missing": ("photo.jpg", None, "there is no file 'photo.jpg'", "Check the path."),
    "folder": ("photo", Path.mkdir, "'photo' is a folder, not a picture", "Give a picture"),
    "text": (
        "text.png",
        lambda path: path.write_text("no picture at all\n"),
        "text.png is not a picture: it is text",
        "Give a picture",
    ),
    "truncated": ("cut.jpg", truncated, "cut.jpg is cut off", "Copy or download it again."),
    "empty": (
        "empty.png",
        lambda path: path.write_bytes(b""),
        "empty.png is not a picture: it is empty",
        "Give a picture",
    ),
    "bomb": (
        "bomb.png",
        lambda path: path.write_bytes(bomb()),
        "it is 169,000,000 pixels",
        "Make the picture smaller first.",
    ),
    "animated": ("moving.gif", animated, "is animated", "save one frame as a file"),
    "heic": (
        "photo.heic",
        lambda path: path.write_bytes(heic()),
        "image/heic",
        "Save it as PNG or JPEG first.",
    ),
}


@pytest.mark.parametrize(
    ("name", "make", "says", "next_step"), PICTURES.values(), ids=PICTURES.keys()
)
def test_a_bad_picture(imgedit, name, make, says, next_step):
    if make is not None:
        make(imgedit.folder / name)
    before = imgedit.names()
    error = imgedit.error("edit", name, "make it warmer", "-p", "local", "-o", "out.png", code=2)
    assert (error["type"], error["charged"]) == ("ValidationError", "no")
    assert says in error["message"]
    assert next_step in error["message"]
    assert "Nothing was charged." in error["message"]
    assert {problem["path"].split("/")[1] for problem in error["problems"]} == {"image"}
    assert imgedit.names() == before
    assert imgedit.spooled() == []


def test_the_bomb_is_as_small_as_it_claims():
    assert 15_000 < len(bomb()) < 25_000


REQUESTS = {
    "empty prompt": (["", "-p", "local"], "must not be empty", "Say what to do"),
    "long prompt": (
        ["x" * 40_000, "-p", "local"],
        "at most 2,000 characters, it has 40,000",
        "Say it in fewer words.",
    ),
    "model": (["warmer", "-p", "local", "-m", "basc"], "no such model", "did you mean basic?"),
    "ratio": (
        ["warmer", "-p", "local", "--aspect-ratio", "16x9"],
        "does not have the form",
        "ratio of width to height",
    ),
    "format": (
        ["warmer", "-p", "local", "--format", "jpg"],
        "must be one of png, jpeg, webp, not jpg",
        "the nearest is jpeg",
    ),
    "option": (
        ["warmer", "-p", "local", "--option", "strength=1"],
        "no such option",
        "`imgedit models` shows",
    ),
    "two things at once": (
        ["warmer", "-p", "local", "--format", "jpg", "--quality", "high"],
        "must be one of png, jpeg, webp",
        "/quality",
    ),
    "instruction": (
        ["make it warmer and add a dragon", "-p", "local"],
        "not understood: 'dragon'",
        "local can do: brighter or darker",
    ),
}


@pytest.mark.parametrize(("arguments", "says", "next_step"), REQUESTS.values(), ids=REQUESTS.keys())
def test_a_bad_request(imgedit, photo, arguments, says, next_step):
    error = imgedit.error("edit", photo, *arguments, "-o", "out.png", code=2)
    assert (error["type"], error["charged"]) == ("ValidationError", "no")
    assert says in error["message"]
    assert next_step in error["message"]
    assert imgedit.names() == {"photo.png"}


def test_the_embedded_provider_names_who_could_do_it_instead(imgedit, photo):
    """The format that a file's name asks for is a wish; one that is given is not."""

    def named(*arguments):
        error = imgedit.error(
            "edit", photo, "add a dragon", "-p", "local", *arguments, code=2,
            env={"IMGEDIT_PLUGINS": "artnex,depicta,gptimageapi,local,magichour"},
        )  # fmt: skip
        return re.findall(r"-p (\w+)", error["message"])

    everyone = ["artnex", "depicta", "gptimageapi", "magichour"]
    assert named() == everyone
    assert named("-o", "out.png") == everyone
    assert named("--format", "png") == ["depicta"]


def test_an_unknown_provider_is_answered_with_the_nearest(imgedit, photo):
    error = imgedit.error("edit", photo, "make it warmer", "-p", "locl", code=2)
    assert error["type"] == "UnknownProvider"
    assert "no provider 'locl' is installed" in error["message"]
    assert "Did you mean 'local'?" in error["message"]


def test_a_prompt_with_a_nul(imgedit, photo):
    """No shell can pass one, a program that calls `main` can."""
    import subprocess

    script = (
        "import sys; from imgedit.cli import main\n"
        r"sys.exit(main(['edit', 'photo.png', 'make it\0 warmer', '-p', 'local', '-o', 'out.png']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=imgedit.folder,
        env=imgedit.environ(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "must not hold a NUL character" in done.stderr
    assert "Type the prompt again without it." in done.stderr
    assert imgedit.names() == {"photo.png"}


def test_several_problems_are_listed_for_a_person(imgedit, photo):
    wishes = ("--format", "jpg", "--quality", "high")
    done = imgedit("edit", photo, "warmer", "-p", "local", *wishes, code=2)
    first, *others = done.stderr.splitlines()
    assert first == "Error: the edit cannot be done like this, for 2 reasons:"
    assert others[0].startswith("  --quality: ")
    assert others[1].startswith("  --format: ")
    assert others[2].startswith("Nothing was charged.")
    assert done.stdout == ""


OUTPUTS = {
    "no folder": ("no/such/out.png", "the folder 'no/such' does not exist", "Make it"),
    "below a file": ("photo.png/out.png", "'photo.png' is not a folder", "Choose another place."),
    "a folder": (".", "is a folder", "Give the name of a file."),
    "exists": ("photo.png", "exists already", "Choose another name"),
    "long name": ("x" * 300 + ".png", "File name too long", "Choose a shorter name"),
}


@pytest.mark.parametrize(("out", "says", "next_step"), OUTPUTS.values(), ids=OUTPUTS.keys())
def test_an_output_that_cannot_be(imgedit, photo, out, says, next_step):
    before = (imgedit.folder / photo).read_bytes()
    error = imgedit.error("edit", photo, "make it warmer", "-p", "local", "-o", out, code=10)
    assert (error["type"], error["charged"]) == ("OutputError", "no")
    assert says in error["message"]
    assert next_step in error["message"]
    assert imgedit.names() == {"photo.png"}
    assert (imgedit.folder / photo).read_bytes() == before


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_folder_that_may_not_be_written(imgedit, photo):
    (imgedit.folder / "shut").mkdir(mode=0o500)
    error = imgedit.error("edit", photo, "warmer", "-p", "local", "-o", "shut/out.png", code=10)
    assert "'shut' cannot be written" in error["message"]
    assert imgedit.names() == {"photo.png", "shut"}


def test_the_name_made_up_for_a_result_is_not_reused(imgedit, photo):
    imgedit("edit", photo, "make it warmer", "-p", "local")
    assert imgedit.names() == {"photo.png", "photo-edited.png"}
    first = (imgedit.folder / "photo-edited.png").read_bytes()
    # In another format it would get another name, but which one is known only when it is paid for.
    error = imgedit.error("edit", photo, "sepia", "-p", "local", "--format", "jpeg", code=10)
    assert "'photo-edited.png' exists already" in error["message"]
    assert (imgedit.folder / "photo-edited.png").read_bytes() == first
    imgedit("edit", photo, "sepia", "-p", "local", "--overwrite")
    assert imgedit.names() == {"photo.png", "photo-edited.png"}
    assert (imgedit.folder / "photo-edited.png").read_bytes() != first


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_a_full_disk(imgedit):
    import resource

    Image.effect_noise((600, 400), 80).convert("RGB").save(imgedit.folder / "noise.jpg")
    resource_limit = 200_000  # less than the result, more than the journal

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource_limit, resource_limit))

    error = imgedit.error(
        "edit", "noise.jpg", "make it warmer", "-p", "local", "-o", "out.png",
        code=10, preexec_fn=limit,
    )  # fmt: skip
    assert (error["type"], error["charged"]) == ("OutputError", "no")
    assert "no room" in error["message"]
    assert "Free some space" in error["message"]
    assert imgedit.names() == {"noise.jpg"}
    done = imgedit("edit", "noise.jpg", "make it warmer", "-p", "local", "-o", "out.png")
    assert done.stdout.startswith("out.png  600 × 400 pixels")
    assert imgedit.names() == {"noise.jpg", "out.png"}


USAGE = {
    "option": (
        ["edit", "photo.png", "warmer", "--frmat", "png"],
        "there is no option --frmat",
        "--format",
    ),
    "option of a service": (
        ["edit", "photo.png", "warmer", "--line-width", "3"],
        "there is no option --line-width.",
        "--option line_width=VALUE",
    ),
    "option as Python spells it": (
        ["edit", "photo.png", "warmer", "--output-format", "png"],
        "there is no option --output-format",
        "did you mean --format?",
    ),
    "option with an underscore": (
        ["edit", "photo.png", "warmer", "--max_cost", "1 USD"],
        "there is no option --max_cost",
        "did you mean --max-cost?",
    ),
    "argument": (["edit", "photo.png"], "Missing argument 'PROMPT'", "imgedit edit --help"),
    "command": (["edt", "photo.png"], "there is no command 'edt'", "Did you mean 'edit'?"),
    "subcommand": (["jobs", "resme"], "No such command 'resme'", "Did you mean 'resume'?"),
    "number": (
        ["edit", "photo.png", "warmer", "-n", "two"],
        "'two' is not a valid integer",
        "--help",
    ),
    "time": (["edit", "photo.png", "warmer", "--timeout", "nan"], "seconds above 0", "--help"),
    "money": (
        ["edit", "photo.png", "warmer", "-p", "local", "--max-cost", "3"],
        "'3' is not an amount of money",
        'Write it like "0.10 USD"',
    ),
    "pair": (
        ["edit", "photo.png", "warmer", "--option", "x"],
        "'x' is not KEY=VALUE",
        "Write: --option",
    ),
    "twice": (
        ["edit", "photo.png", "warmer", "--option", "a=1", "--option", "a=2"],
        "the option 'a' is given twice",
        "Give it once.",
    ),
    "both": (["edit", "photo.png", "warmer", "--preview"], "exclude each other", "--help"),
}


@pytest.mark.parametrize(("arguments", "says", "next_step"), USAGE.values(), ids=USAGE.keys())
def test_a_command_that_makes_no_sense(imgedit, photo, arguments, says, next_step):
    error = imgedit.error(*arguments, code=2)
    assert (error["type"], error["charged"]) == ("UsageError", "no")
    assert says in error["message"]
    assert next_step in error["message"]
    assert imgedit.names() == {"photo.png"}
