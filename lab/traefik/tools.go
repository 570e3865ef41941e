//go:build tools

// Package traefik pins the Traefik release that the lab runs. It is never
// compiled into anything: it only makes the Go toolchain fetch and build
// Traefik's own command through the module proxy (see build.sh).
package traefik

import _ "github.com/traefik/traefik/v3/cmd/traefik"
