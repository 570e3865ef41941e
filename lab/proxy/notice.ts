/** What the stand-in says of itself wherever it says anything. */
export const standInNotice: readonly string[] = [
  "This is the lab's stand-in for Traefik: a small reverse proxy that really forwards, for the demo only.",
  'Install a real proxy: `apt install haproxy`, or run lab/traefik/build.sh (needs Go), or set HAPROXY_BIN or TRAEFIK_BIN.',
];
