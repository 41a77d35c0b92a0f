#!/bin/sh
# Puts veraPDF, the PDF/A judge of the tests, at .cache/verapdf.jar and checks that it is the one we know.
#
# Apache Ivy (Debian package `ivy`, one small jar) fetches it from Maven Central, its default
# repository: Debian's `maven` would do the same and bring some fifty packages with it.
set -eu
cd "$(dirname "$0")/.."

VERSION=1.28.2
SHA256=687d4d8bcfec48c9f7e931cf78ed061f1eeccfba55d4cdc000ba9b4d8aa46ce6
JAR=.cache/verapdf.jar

is_the_known_one() {
    [ -f "$1" ] && echo "$SHA256  $1" | sha256sum --check --status
}

is_the_known_one "$JAR" && exit 0

mkdir -p .cache
work=$(mktemp -d .cache/verapdf.XXXXXX)
trap 'rm -rf "$work"' EXIT
echo "Fetching veraPDF $VERSION"
if ! java -jar /usr/share/java/ivy.jar -warn -cache "$work/ivy" -notransitive -types jar \
    -dependency org.verapdf.apps greenfield-apps "$VERSION" -retrieve "$work/[artifact].[ext]" \
    >"$work/words" 2>&1; then
    cat "$work/words" >&2
    exit 1
fi
if ! is_the_known_one "$work/greenfield-apps.jar"; then
    echo "The veraPDF that came is not the known one (SHA-256 differs): not used." >&2
    exit 1
fi
mv "$work/greenfield-apps.jar" "$JAR"
