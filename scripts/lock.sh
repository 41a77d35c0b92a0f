#!/bin/sh
# Writes requirements/*.txt anew: newest versions, with hashes, for every Python we support.
set -eu
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9
LOWEST_PYTHON=3.11

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"${PYTHON:-python3}" -m venv "$tools"
"$tools/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"

compile() {
    "$tools/bin/uv" pip compile --quiet --no-config --upgrade --universal --generate-hashes \
        --python-version "$LOWEST_PYTHON" --no-emit-index-url --custom-compile-command "make lock" "$@"
}

compile requirements/build.in --output-file requirements/build.txt
compile requirements/browser.in --output-file requirements/browser.txt
compile pyproject.toml --output-file requirements/runtime.txt
compile pyproject.toml --extra development --constraint requirements/runtime.txt \
    --output-file requirements/development.txt

# What the pages take from npm: the version stands in package.json, the hashes in the lock.
npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved \
    --no-audit --no-fund --loglevel=error
