#!/bin/sh
# Puts veraPDF, the judge of PDF/A and PDF/UA in the tests, at .cache/verapdf.jar, and checks that it
# is the one we know. Maven fetches it from Maven Central, or from the mirror of ~/.m2/settings.xml.
#
# Without it the other tests still run: the ones that need it fail and say so.
set -eu
cd "$(dirname "$0")/.."

VERSION=1.28.2
SHA256=687d4d8bcfec48c9f7e931cf78ed061f1eeccfba55d4cdc000ba9b4d8aa46ce6
COPY=org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy
JAR=.cache/verapdf.jar

is_the_known_one() {
    [ -f "$1" ] && echo "$SHA256  $1" | sha256sum --check --status
}

go_without() {
    echo "veraPDF $VERSION could not be had: $1" >&2
    echo "PDF/A and PDF/UA are NOT judged: the tests that need veraPDF will fail." >&2
    exit 0
}

is_the_known_one "$JAR" && exit 0

mkdir -p .cache
work=$(mktemp -d .cache/verapdf.XXXXXX)
trap 'rm -rf "$work"' EXIT
echo "Fetching veraPDF $VERSION"
command -v mvn >/dev/null || go_without "there is no mvn (Debian package maven)."
if ! mvn --batch-mode --quiet "$COPY" -DoutputDirectory="$PWD/$work" \
    -Dartifact="org.verapdf.apps:greenfield-apps:$VERSION:jar" >"$work/words" 2>&1; then
    cat "$work/words" >&2
    go_without "Maven found no way to it (its words are above)."
fi
fetched="$work/greenfield-apps-$VERSION.jar"
is_the_known_one "$fetched" || go_without "what came is not the known one (SHA-256 differs)."
mv "$fetched" "$JAR"
