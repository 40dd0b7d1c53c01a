"""What landing says when it can't take a file: one sentence in each language.

Raised while a file is decoded or its headers are mapped; landing turns it into a quarantine. Faults of single rows are not refusals.
"""

from __future__ import annotations

from resources.errors import GciError


class Refused(GciError):
    """A file can't be read: ``en`` and ``zh`` name what was seen and what to do."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.en = en
        self.zh = zh
