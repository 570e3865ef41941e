import { createServer } from 'node:net';

/** Below the range from which Linux takes source ports, so that no outgoing connection can sit on a port that a restart needs again. */
const lowest = 12_000;
const highest = 31_999;
const attempts = 200;

const taken = new Set<number>();

/** A TCP port of 127.0.0.1 that nobody listens on, never given twice by this process. Throws when none is found. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (taken.has(port) || !(await isFree(port))) continue;
    taken.add(port);
    return port;
  }
  throw new Error(`no free port between ${lowest} and ${highest} in ${attempts} attempts; what listens there? (ss -ltn)`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
