"""pandera, imported quietly: ``pa`` declares pandas tables, ``pp`` Polars tables.

Where PySpark is installed pandera imports it, and PySpark complains of pandas 3 to whoever is there. Nothing of ours hands it a pandas
frame.
"""

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    import pandera.pandas as pa
    import pandera.polars as pp

__all__ = ["pa", "pp"]
