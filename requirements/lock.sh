#!/bin/sh
# Writes the hashed locks, without any registry address, valid for every Python that pyproject.toml claims.
# Needs uv on the PATH; only maintainers run it.
set -eu
cd "$(dirname "$0")/.."
lock() {
    uv pip compile pyproject.toml requirements/build.in "$@" --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-strip-extras --no-header --no-annotate --quiet
}
lock --output-file requirements/run.txt
lock --extra dev --extra formats --extra postgres --constraint requirements/run.txt --output-file requirements/dev.txt
lock --extra formats --constraint requirements/dev.txt --output-file requirements/formats.txt
lock --extra postgres --constraint requirements/dev.txt --output-file requirements/postgres.txt
lock --extra spark --constraint requirements/dev.txt --output-file requirements/spark.txt
