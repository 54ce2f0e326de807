"""The blocks of code and the tables of a page, with what the comment above them says of them.

`<!-- from: path -->` above a block: it is an excerpt of that file. `<!-- tested: path -->`: that
test runs it. `<!-- file: name -->`: it is saved under that name for the blocks that follow.
"""

from __future__ import annotations

import re
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"

_PIECE = re.compile(
    r"""
    ^(?P<level>\#{1,6})[ ](?P<title>[^\n]+)$
    | (?:^<!--[ ](?P<verb>\w+):[ ](?P<what>[^\n]+?)[ ]-->\n)?
      ^(?P<indent>[ ]*)```(?P<language>\w*)\n(?P<code>.*?)^(?P=indent)```$
    | (?P<table>(?:^\|[^\n]*\|\n)+)
    """,
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)


@frozen(kw_only=True)
class Block:
    """A block of code; `verb` and `what` are the comment's, "" when there is none."""

    page: str
    line: int
    heading: str
    language: str
    code: str
    verb: str
    what: str

    @property
    def id(self) -> str:
        return f"{self.page}:{self.line}"


@frozen(kw_only=True)
class Table:
    """A table: its header, and its rows of cells."""

    page: str
    line: int
    heading: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def id(self) -> str:
        return f"{self.page}:{self.line}"


def pieces(page: str | Path) -> list[Block | Table]:
    """The blocks and tables of a page of docs/, in order."""
    path = DOCS / page
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT).as_posix()
    heading = ""
    found: list[Block | Table] = []
    for match in _PIECE.finditer(text):
        if match["level"]:
            heading = match["title"]
            continue
        begins = match.start("table") if match["table"] else match.start("code")
        place = {"page": name, "line": text.count("\n", 0, begins) + 1, "heading": heading}
        if match["table"]:
            rows = [_cells(line) for line in match["table"].splitlines()]
            found.append(Table(**place, header=rows[0], rows=tuple(rows[2:])))
        else:
            indent = len(match["indent"])
            code = "".join(line[indent:] or "\n" for line in match["code"].splitlines(True))
            found.append(
                Block(
                    **place,
                    language=match["language"],
                    code=code,
                    verb=match["verb"] or "",
                    what=match["what"] or "",
                )
            )
    return found


def blocks(page: str | Path) -> list[Block]:
    """The blocks of code of a page."""
    return [piece for piece in pieces(page) if isinstance(piece, Block)]


def _cells(line: str) -> tuple[str, ...]:
    cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
    return tuple(cell.strip().replace("\\|", "|") for cell in cells)
