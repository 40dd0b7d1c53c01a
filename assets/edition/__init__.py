"""Editions of the index: types, parsing and loading. Scoring with one is in ``assets/index``, where the documents lie too."""
