"""The ``gci`` command line. One module for each family of commands; each imports only what it needs, when it needs it."""
