"""Files people bring: CSV and XLSX read into rows of text, with the line each row came from."""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from enrichment.text import clean_text

SIZE_LIMIT = 20 * 1024 * 1024
# An XLSX file is a ZIP: a small file may unpack into one that fills the memory.
UNPACKED_LIMIT = 20 * SIZE_LIMIT
COLUMN_LIMIT = 200
DELIMITERS = ",;\t"
# A spreadsheet runs a cell that begins with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

# What the reader of XLSX raises on broken files; SyntaxError is the XML parser's.
BROKEN_XLSX = (
    *(InvalidFileException, zipfile.BadZipFile, zlib.error, SyntaxError, LookupError, ValueError),
    *(TypeError, AttributeError, RuntimeError, OSError, EOFError),
)


class ImportError_(ValueError):  # ImportError is Python's own
    """The file cannot be read at all; the message names the line or byte and says what would be right."""


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file's header, folded to lower case with underscores, and its rows that are not empty."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(file: Path | BinaryIO) -> Table:
    """The first sheet of an XLSX file, or a CSV file. Raises ImportError_ when it is neither."""
    data = _read_bytes(file)
    rows = _xlsx_rows(data) if data.startswith(b"PK\x03\x04") else _csv_rows(_decode(data))
    filled = [row for row in rows if any(row.cells)]
    if not filled:
        raise ImportError_("the file is empty; its first line must name the columns")
    headers = tuple(_fold_header(cell) for cell in filled[0].cells)
    _refuse_doubles(headers, filled[0].line)
    return Table(headers, tuple(filled[1:]))


def _read_bytes(file: Path | BinaryIO) -> bytes:
    try:
        if isinstance(file, Path):
            with file.open("rb") as opened:
                data = opened.read(SIZE_LIMIT + 1)
        else:
            data = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise ImportError_(f"the file cannot be read: {error.strerror}") from error
    if len(data) > SIZE_LIMIT:
        raise ImportError_("the file is larger than 20 MB; split it and import the parts")
    return data


def _decode(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ImportError_("byte 0: the file is UTF-16; save it as CSV UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ImportError_(
            f"line {line}, byte {error.start}: 0x{data[error.start]:02x} is not UTF-8; save it as CSV UTF-8"
        ) from error


def _csv_rows(text: str) -> Iterator[Row]:
    # A cell may be as large as the file; refusing it is the business of its field.
    csv.field_size_limit(SIZE_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_find_delimiter(text), strict=True)
    line = 1
    try:
        for cells in reader:
            yield _make_row(line, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise ImportError_(
            f"line {line}: the quotes do not pair up ({error}); write a quote inside a quoted value twice"
        ) from error


def _find_delimiter(text: str) -> str:
    """The separator that stands most often in the first line, outside quotes."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = "".join(first.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def _make_row(line: int, cells: Iterable[str]) -> Row:
    return Row(line, tuple(clean_text(_without_guard(cell)) for cell in cells))


def _without_guard(cell: str) -> str:
    """Undoes `guard_formula`, so that a file of refused rows can be mended and imported again."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS) else cell


def guard_formula(cell: str) -> str:
    """The cell with an apostrophe before it when a spreadsheet would run it as a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def _fold_header(cell: str) -> str:
    return cell.casefold().replace(" ", "_").replace("-", "_")


def _refuse_doubles(headers: tuple[str, ...], line: int) -> None:
    doubles = sorted({name for name in headers if name and headers.count(name) > 1})
    if doubles:
        raise ImportError_(f"line {line}: the column {doubles[0][:60]!r} stands there twice; remove one")


def _xlsx_rows(data: bytes) -> Iterator[Row]:
    try:
        _refuse_bomb(data)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for line, cells in enumerate(sheet.iter_rows(values_only=True, max_col=COLUMN_LIMIT), start=1):
            yield _make_row(line, _trim([_cell_text(cell) for cell in cells]))
    except ImportError_:
        raise
    except BROKEN_XLSX as error:
        reason = clean_text(str(error))[:200]
        raise ImportError_(
            f"byte 0: not a readable XLSX file ({reason}); save it anew, or as CSV UTF-8"
        ) from error


def _refuse_bomb(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_LIMIT:
            raise ImportError_("byte 0: the XLSX file unpacks into too much; save it as CSV UTF-8")


def _trim(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, datetime | date) else str(value)
