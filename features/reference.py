"""Reference tables: small CSV files without time, which people edit; a project's own is held to the packaged one."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from leadmart.features.errors import LeadmartError, Place, near_names, read_text
from leadmart.features.fingerprint import file_digest
from leadmart.features.literals import quoted_file, quoted_name

_PACKAGED = Path(__file__).resolve().parent.parent / "sql" / "reference"
_DOMAIN = re.compile(r"[^\W_][\w-]*(\.[\w-]+)+")
_WORD = re.compile(r"[a-z][a-z_]*")


@dataclass(frozen=True)
class Reference:
    """A small table without time: one CSV below `sql/reference/`."""

    name: str
    path: Path
    packaged: bool

    @cached_property
    def content_hash(self) -> str:
        return file_digest(self.path)

    @cached_property
    def lines(self) -> list[tuple[int, list[str]]]:
        """The header and the rows, each with the number of its line; blank ones are left out.

        Raises LeadmartError `not_utf8`.
        """
        reader = csv.reader(io.StringIO(read_text(self.path)))
        return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]

    @property
    def header(self) -> list[str]:
        """Its columns, in lower case; none of an empty file."""
        return [name.strip().lower() for name in self.lines[0][1]] if self.lines else []

    @property
    def replaced(self) -> Reference | None:
        """The packaged table in whose place a project's own stands."""
        path = _PACKAGED / self.path.name
        return None if self.packaged or not path.is_file() else Reference(self.name, path, True)

    @property
    def numbers(self) -> dict[str, str]:
        """The columns whose filled cells are all numbers, with the type that holds them."""
        found = {}
        for position, name in enumerate(self.header):
            cells = [cells[position].strip() for _, cells in self.lines[1:] if len(cells) > position]
            filled = [cell for cell in cells if cell]
            if filled and all(map(is_number, filled)):
                found[name] = "BIGINT" if all(cell.lstrip("-").isdecimal() for cell in filled) else "DOUBLE"
        return found

    @property
    def words(self) -> dict[str, frozenset[str]]:
        """The columns after the first whose cells are lower-case words that come again, with those words."""
        found = {}
        for position, name in list(enumerate(self.header))[1:]:
            cells = [cells[position] for _, cells in self.lines[1:] if len(cells) > position]
            if len(set(cells)) < len(cells) and all(map(_WORD.fullmatch, cells)):
                found[name] = frozenset(cells)
        return found

    @property
    def is_keyed(self) -> bool:
        """Whether nothing stands twice in its first column."""
        keys = [cells[0] for _, cells in self.lines[1:] if cells]
        return len(set(keys)) == len(keys)

    @property
    def select(self) -> str:
        """The SELECT of its rows. Without any, its columns have the types of the packaged table's."""
        packaged = self.replaced
        if packaged is None or len(self.lines) > 1:
            return f"SELECT * FROM read_csv({quoted_file(self.path)}, header = true, sample_size = -1)"
        types = packaged.numbers
        columns = [f"CAST(NULL AS {types.get(name, 'VARCHAR')}) AS {quoted_name(name)}" for name in self.header]
        return f"SELECT {', '.join(columns)} WHERE FALSE"

    @property
    def problems(self) -> list[LeadmartError]:
        """What is wrong in a project's table that replaces a packaged one, `bad_reference` with its line.

        It has the packaged one's columns, as many cells a row, something in the first column, once where that has it
        once, numbers where that has numbers, bare domains, and that one's words in that one's case. Rows it may have
        none.
        """
        packaged = self.replaced
        if packaged is None:
            return []
        try:
            lines = self.lines
        except LeadmartError as error:
            return [error]
        wanted, numbers = packaged.header, packaged.numbers
        if not lines:
            return [self._bad(1, f"{self.path.name} is empty", f"header: {','.join(wanted)}")]
        header = self.header
        if missing := [name for name in wanted if name not in header]:
            if near := other_separator(lines[0][1]):
                return [self._bad(lines[0][0], f"{self.path.name} has {near} between its cells", COMMAS)]
            near = next(filter(None, (misspelt(name, missing) for name in header if name not in wanted)), "")
            eject = f"`leadmart eject {self.name}` writes the packaged one where the file is taken away"
            what = f"{self.path.name} lacks {', '.join(missing)}; its columns are {', '.join(wanted)}"
            return [self._bad(lines[0][0], what, near or eject)]
        found, once, words = [], packaged.is_keyed, packaged.words
        keys: dict[str, int] = {}
        for line, cells in lines[1:]:
            if len(cells) != len(header):
                what = f"{len(cells)} cells where the header has {len(header)}"
                found.append(self._bad(line, what, "a cell with a comma wants double quotes"))
                continue
            values = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
            key = values[wanted[0]]
            if not key:
                found.append(self._bad(line, f"{wanted[0]} is empty"))
            elif once and keys.setdefault(key, line) != line:
                found.append(self._bad(line, f"{key} stands twice", f"line {keys[key]} has it; take one of them out"))
            if key and wanted[0] == "domain" and (domain := _bare(cells[header.index("domain")])):
                found.append(self._bad(line, f"domain {cells[header.index('domain')]!r} is no bare domain", domain))
            wrong = [name for name in numbers if values[name] and not is_number(values[name])]
            found += [self._bad(line, f"{name} {values[name]!r} is no number") for name in wrong]
            cased = [n for n, known in words.items() if values[n] not in known and values[n].lower() in known]
            found += [
                self._bad(line, f"{name} {values[name]!r} is unknown in that case", f"write {values[name].lower()}")
                for name in cased
            ]
        return found

    def _bad(self, line: int, message: str, hint: str = "") -> LeadmartError:
        return LeadmartError(message, code="bad_reference", place=Place(str(self.path), line), hint=hint)


COMMAS = "write commas between cells; a cell that has a comma itself wants double quotes"


def other_separator(header: Sequence[str]) -> str:
    """What stands between the cells of a header that was read as one cell; empty where commas do."""
    whole = header[0] if len(header) == 1 else ""
    return "semicolons" if ";" in whole else "tabs" if "\t" in whole else ""


def misspelt(name: str, missing: Iterable[str]) -> str:
    """A hint at the missing column that a header's unknown `name` is near to; empty where it is near to none."""
    near = near_names(name, missing)
    return f"for {name}: {near}" if near else ""


def _bare(cell: str) -> str:
    """How to write a cell that is no bare domain in lower case; empty where it is one."""
    if _DOMAIN.fullmatch(cell) and cell == cell.lower():
        return ""
    bare = re.split(r"[/?#:]", cell.strip().lower().partition("://")[2] or cell.strip().lower())[0]
    bare = bare.rpartition("@")[2].removeprefix("www.")
    return (
        f"write {bare}" if _DOMAIN.fullmatch(bare) else "write it as acme.example: no address, no spaces, no capitals"
    )


def is_number(cell: str) -> bool:
    """Whether a cell is a number as DuckDB reads one: no `nan`, no `1_000`."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell and (cell[-1:].isdecimal() or cell[-1:] == ".")


def tables_like(tables: Iterable[Reference], packaged: str) -> list[str]:
    """The names of the tables that have the columns of a packaged one."""
    wanted = set(Reference(packaged, _PACKAGED / f"{packaged}.csv", True).header)
    return sorted(table.name for table in tables if table.path.is_file() and wanted <= set(table.header))
