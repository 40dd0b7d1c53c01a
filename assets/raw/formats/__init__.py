"""Files of metering standards as the text table that landing reads: NEM12 and NEM13 of AEMO, Green Button (NAESB ESPI).

What such a file says is told apart here by its content; what its readings mean beside others is decided in staging. The parsers are
optional packages; without them a file is refused with the name of what to install, and reading commands still show its text.
"""

from __future__ import annotations

import gzip

from assets.raw.formats import espi, nem
from assets.raw.formats.archive import only_member
from assets.raw.formats.base import HEADER as HEADER
from assets.raw.formats.base import FileFacts as FileFacts
from assets.raw.formats.base import Readings as Readings
from assets.raw.refused import Refused

EXTENSIONS = (".xml", ".zip")


def read_standard(data: bytes, name: str) -> Readings | None:
    """The readings of a NEM12, NEM13 or Green Button file; None when a file of another extension is neither.

    ``name`` ends in .csv, .xml or .zip (which holds one file). Refused says what was seen, or which package is missing.
    """
    data, inner = _unpacked(data, name)
    if nem.recognised(data):
        return nem.read(data)
    if inner.lower().endswith(".xml"):
        return espi.read(data)
    if inner != name:
        raise Refused(
            f"The zip holds {inner}, which is no NEM12, NEM13 or Green Button file. Unpack it and drop the file itself.",
            f"zip 中的 {inner} 不是 NEM12、NEM13 或 Green Button 文件。请解压后直接放入该文件。",
        )
    return None


def raw_texts(data: bytes, name: str, wanted: set[int]) -> dict[int, dict[str, str]] | None:
    """What stands in such a file for each ``source_row`` that is wanted: its line number and text; None for any other file.

    Needs no optional package, so that a reading can be traced where the parsers are not installed.
    """
    if name.lower().endswith(".csv.gz"):
        data, name = gzip.decompress(data), name[: -len(".gz")]
    if not name.lower().endswith((".csv", *EXTENSIONS)):
        return None
    data, inner = _unpacked(data, name)
    if nem.recognised(data):
        return nem.raw_texts(data, wanted)
    return espi.raw_texts(data, wanted) if inner.lower().endswith(".xml") else None


def _unpacked(data: bytes, name: str) -> tuple[bytes, str]:
    return only_member(data) if name.lower().endswith(".zip") else (data, name)
