"""Small CSV files that a command is given by name: their rows as text, or a sentence about what is wrong.

Encodings, quotes and headers belong here; what a cell means belongs to its reader. Files of feeds are read by ``assets/raw/decode.py``.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Callable, Collection
from pathlib import Path

from resources.errors import GciError, UsageError


def read_csv_rows(
    path: Path, required: Collection[str], columns: Collection[str], meaning: Callable[[str], str], nothing: str
) -> list[tuple[int, dict[str, str]]]:  # fmt: skip
    """Rows of a CSV file (UTF-8 with or without BOM, else GB18030) with their number as a spreadsheet shows it, by column name.

    ``meaning`` gives the column that a header stands for; ``columns``: those that may stand only once; ``nothing``: what can't be done
    with a file without rows. UsageError when it can't be read, GciError for what is wrong in it.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror or error}.") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise GciError(f"{path.name} is no text in UTF-8 or GB18030. Save it as CSV in UTF-8.") from None
    if "\0" in text:
        raise GciError(f"{path.name} is no CSV text (it holds binary data). Save it as CSV in UTF-8.")
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise GciError(f"{path.name} can't be read as CSV: {error}.") from None
    if not any(cell.strip() for line in lines for cell in line):
        raise GciError(f"{path.name} is empty. Its first row must hold the columns {', '.join(required)}.")
    header = [meaning(name.strip()) for name in lines[0]]
    for name in required:
        if name not in header:
            close = difflib.get_close_matches(name, header, n=1)
            hint = f" Is '{close[0]}' meant?" if close else f" Its columns are: {', '.join(header)}."
            raise GciError(f"{path.name} has no column '{name}'.{hint}")
    for name in header:
        if name in columns and header.count(name) > 1:
            raise GciError(f"{path.name} has the column '{name}' twice.")
    rows = []
    for number, line in enumerate(lines[1:], 2):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) > len(header):
            raise GciError(f"{path.name} row {number} has {len(line)} cells under {len(header)} columns. Is a comma inside a number?")
        cells = [cell.strip() for cell in line] + [""] * (len(header) - len(line))
        rows.append((number, dict(zip(header, cells, strict=True))))
    if not rows:
        raise GciError(f"{path.name} has no rows under its header: {nothing}.")
    return rows
