#!/usr/bin/env bash
# Renew the lock files: exact versions and hashes of every file of every release, for all platforms, Python 3.11 and newer.
set -euo pipefail
cd "$(dirname "$0")"

compile() { # lock file, extras and constraints
    local lock=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
        --no-emit-index-url --no-emit-find-links "$@" --output-file "$lock"
}

compile requirements.lock --extra build pyproject.toml
compile requirements-spark.lock --extra build --extra spark --constraint requirements.lock pyproject.toml
compile requirements-spark-4.1.lock --extra build --extra spark-4 --constraint requirements.lock pyproject.toml
compile requirements-dev.lock --extra build --extra dev --extra spark --constraint requirements.lock pyproject.toml
compile requirements-peers.lock --group pyproject.toml:peers
