"""The version of the code behind a number: a digest of the sources of a layer and of everything below it.

A month is computed again when this changes. It needs no release discipline and can't be forgotten.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from resources.digest import PREFIX

ROOT = Path(__file__).resolve().parent.parent
_BELOW = ("resources", "checks", "assets/compute.py", "assets/raw", "assets/reference", "assets/edition")
LAYERS = ("raw", "staging", "indicators", "index", "reports")
_SUFFIXES = (".py", ".yaml", ".csv", ".j2", ".css")


@lru_cache(maxsize=8)
def code_version(layer: str) -> str:
    """Digest over the sources that a layer's tables depend on; ``layer`` is one of LAYERS."""
    folders = [*_BELOW, *(f"assets/{name}" for name in LAYERS[1 : LAYERS.index(layer) + 1])]
    total = hashlib.sha256()
    for folder in folders:
        top = ROOT / folder
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.suffix in _SUFFIXES and path.is_file():
                total.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return PREFIX + total.hexdigest()
