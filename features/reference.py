"""Reference tables: small CSV files without time, which people edit; a project's own is held to the packaged one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from leadmart.features.errors import LeadmartError, Place, near_names, read_text
from leadmart.features.fingerprint import file_digest
from leadmart.features.literals import quoted_file, quoted_name

_PACKAGED = Path(__file__).resolve().parent.parent / "sql" / "reference"


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

        It has the packaged one's columns, as many cells a row, something in the first column, and numbers where that
        has numbers. Rows it may have none.
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
            near = next(filter(None, (near_names(name, set(header) - set(wanted)) for name in missing)), "")
            eject = f"`leadmart eject {self.name}` writes the packaged one where the file is taken away"
            what = f"{self.path.name} lacks {', '.join(missing)}; its columns are {', '.join(wanted)}"
            return [self._bad(lines[0][0], what, near or eject)]
        found = []
        for line, cells in lines[1:]:
            if len(cells) != len(header):
                what = f"{len(cells)} cells where the header has {len(header)}"
                found.append(self._bad(line, what, "a cell with a comma wants double quotes"))
                continue
            values = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
            if not values[wanted[0]]:
                found.append(self._bad(line, f"{wanted[0]} is empty"))
            wrong = [name for name in numbers if values[name] and not is_number(values[name])]
            found += [self._bad(line, f"{name} {values[name]!r} is no number") for name in wrong]
        return found

    def _bad(self, line: int, message: str, hint: str = "") -> LeadmartError:
        return LeadmartError(message, code="bad_reference", place=Place(str(self.path), line), hint=hint)


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
