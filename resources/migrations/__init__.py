"""Versions of the ledger's schema, one module each under ``versions/``, and the steps between them (Alembic).

A version is written out here as it was, and does not import ``schema.py``: that is always the newest. ``upgrade.py`` runs them.
"""
