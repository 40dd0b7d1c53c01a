"""Digests over content: canonical JSON and files.

Everything that is compared, sealed or chained goes through here, so that there is one canonical form.
Digests of tables are in ``lake.py``.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

PREFIX = "sha256:"


def canonical_json(value: Any) -> str:
    """One text for one value: keys sorted, no spaces, floats in their shortest exact form; NaN is refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_text(text: str) -> str:
    """``sha256:`` and 64 hex digits of the UTF-8 bytes of ``text``."""
    return PREFIX + hashlib.sha256(text.encode()).hexdigest()


def digest_json(value: Any) -> str:
    """Digest of the canonical JSON of ``value``."""
    return digest_text(canonical_json(value))


def digest_file(path: Path) -> str:
    """Digest of the bytes of a file, read in pieces."""
    with path.open("rb") as handle:
        return PREFIX + hashlib.file_digest(handle, "sha256").hexdigest()
