"""What the product stands on: files, lake, ledger, calendar, settings. Nothing of the index itself belongs here."""
