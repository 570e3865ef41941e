#!/bin/sh
# Builds the Traefik that the lab runs, from the pinned go.mod and go.sum, through the Go module proxy. Prints the path of the program.
# Does nothing when it has been built before; the cache is outside of the checkout: ${PROXYMEDIC_CACHE:-$HOME/.cache/proxymedic}.
set -eu
version=3.6.23
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
directory=${PROXYMEDIC_CACHE:-$HOME/.cache/proxymedic}/traefik-v$version
program=$directory/traefik
if [ -x "$program" ]; then
  echo "$program"
  exit 0
fi
if ! command -v go >/dev/null 2>&1; then
  echo "no Go here: install Go 1.26 or newer, or put a Traefik 3 on the PATH or in TRAEFIK_BIN" >&2
  exit 1
fi
mkdir -p "$directory"
cd "$here"
echo "building Traefik $version; this takes several minutes the first time" >&2
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=$version" \
  -o "$program.$$" github.com/traefik/traefik/v3/cmd/traefik
mv "$program.$$" "$program"
echo "$program"
