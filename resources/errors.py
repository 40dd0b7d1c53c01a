"""Errors a person reads.

A message says what was seen, what was expected and what to do. The command line prints it alone, without a traceback.
"""

from __future__ import annotations


class GciError(Exception):
    """Something failed that the user can act on; exit status 1."""

    exit_code = 1


class UsageError(GciError):
    """The command was called wrongly: an unknown site, a month that is none; exit status 2."""

    exit_code = 2
