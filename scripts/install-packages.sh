#!/bin/sh
# Installs the Debian packages named as arguments. Calls apt only when one of them is missing.
set -eu

is_installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian: make sure that what these packages hold is installed: $*" >&2
    exit 0
fi

missing=
for package in "$@"; do
    is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root=sudo
    if ! command -v sudo >/dev/null; then
        echo "As root, run:  apt-get update && apt-get install -y$missing" >&2
        exit 1
    fi
fi

echo "Installing system packages:$missing"
words=$(mktemp)
trap 'rm -f "$words"' EXIT
# shellcheck disable=SC2086  # the list is split on purpose
if ! {
    $as_root apt-get update -qq &&
        $as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 $missing
} >"$words" 2>&1; then
    cat "$words" >&2
    exit 1
fi
