#!/bin/sh
# Runs every check, or those named as arguments; shows the words of those that fail.
#
#   scripts/check.sh              all
#   scripts/check.sh ruff mypy    these two
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"

# What codespell takes for slips: ast.NotIn, the category Nd, a firm of the pilot, ГОСТ in Latin.
RIGHT_WORDS=notin,nd,infomed,gost

check_ruff() { ruff check .; }
check_format() { ruff format --check .; }
check_mypy() { mypy; }
check_imports() { lint-imports --no-logo; }
check_spelling() {
    codespell --skip '*.json,*.svg,*.po,*.rng,./requirements/*.txt,./var,./.*,*/screenshots' \
        --ignore-words-list "$RIGHT_WORDS" .
}
check_locks() { python scripts/check_locks.py; }
check_specifications() { forms-server check; }

[ $# -gt 0 ] || set -- ruff format mypy imports spelling locks specifications

words=$(mktemp)
trap 'rm -f "$words"' EXIT
failed=
for name in "$@"; do
    if "check_$name" >"$words" 2>&1; then
        printf '  ok      %s\n' "$name"
    else
        printf '  FAILED  %s\n' "$name"
        sed 's/^/          /' "$words"
        failed="$failed $name"
    fi
done
if [ -n "$failed" ]; then
    echo "Failed:$failed" >&2
    exit 1
fi
