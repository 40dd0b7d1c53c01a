"""The evidence pack of a site-month: what is in it (``contents.py``), its first page, and the script that recomputes it."""
