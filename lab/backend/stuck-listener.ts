import { createServer } from 'node:net';

/**
 * Listens on HOST PORT with the smallest accept queue and never accepts: once the queue is full the kernel drops further SYNs. Its thread
 * sleeps for good after listening, because Node would accept as soon as its event loop turns.
 */
const [host = '127.0.0.1', port = '0'] = process.argv.slice(2);
createServer().listen({ host, port: Number(port), backlog: 1 }, () => {
  process.stdout.write(`listening on ${host}:${port}, accepting nothing\n`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
