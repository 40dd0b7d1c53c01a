"""The trace: a number back to what it was made of, down to the rows of the files.

``tree`` puts a trace together; ``table`` says which provider shows the inputs of which indicator. A provider is a module here for one
family of inputs (energies, claims, carbon, inventory, practices, …): it finds the rows again, sums them, and gives the *pieces*, the
components of the indicator as they follow from those rows. ``numbers`` evaluates and composes the components again. ``sample`` draws
rows for an auditor, ``reverse`` goes the other way, from a row to the numbers.

Everything is read through ``home.ledger`` and ``home.lake``, as the log stood at the entry that the result names. No pandas, no dagster.
"""
