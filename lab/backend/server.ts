import { readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';

import { type Answer, type Behaviour, isKnownPath, pick, type Rule } from './behaviour.ts';

/** What one server process is started with, as a JSON file named by its only argument. */
export interface ServerSettings {
  readonly backend: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Unix socket on which the lab sets the behaviour: `PUT /behaviour`, `GET /state`. */
  readonly controlSocket: string;
  /** Directory with `<kind>.pem` and `<kind>.key`; null: this server speaks plain HTTP. */
  readonly certificateDirectory: string | null;
  readonly behaviour: Behaviour;
}

const settingsFile = process.argv[2];
if (settingsFile === undefined) throw new Error('usage: server.ts SETTINGS.json');
const settings = JSON.parse(readFileSync(settingsFile, 'utf8')) as ServerSettings;
const subject = `${settings.backend}/${settings.name}`;

let behaviour = settings.behaviour;
let requests = 0;
const seen = new Map<Rule, number>();
const sockets = new Set<Socket>();

const http = createHttpServer({ keepAliveTimeout: 30_000 }, (request, response) => {
  requests += 1;
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const rule = pick(behaviour.rules, path, seen);
  request.resume();
  if (rule === null) answerUsually(path, request, response);
  else answer(rule.answer, path, request, response);
});
const tls = createTlsServer({}, (socket) => http.emit('connection', socket));
tls.on('tlsClientError', (error) => say(`TLS handshake failed: ${error.message}`));

const front = createNetServer((socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => socket.destroy());
  receive(socket);
});

function receive(socket: Socket): void {
  if (behaviour.wire === 'silent') return;
  if (behaviour.wire === 'banner') socket.end('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n');
  else if (behaviour.wire === 'crash') setTimeout(() => process.exit(1), 20);
  else if (speaksTls()) tls.emit('connection', socket);
  else http.emit('connection', socket);
}

function speaksTls(): boolean {
  if (settings.certificateDirectory === null) return false;
  return behaviour.wire === 'tls' || behaviour.wire === 'normal';
}

function answerUsually(path: string, request: IncomingMessage, response: ServerResponse): void {
  const known = isKnownPath(path);
  const body = JSON.stringify(known ? { backend: settings.backend, server: settings.name, path } : { error: 'not found', path });
  // A gRPC call says here how it ended: 0 is well, 12 unimplemented.
  const grpc = request.headers['content-type']?.startsWith('application/grpc') ? { 'grpc-status': known ? '0' : '12' } : {};
  send(response, known ? 200 : 404, { 'content-type': 'application/json', ...grpc }, body);
}

function answer(what: Answer, path: string, request: IncomingMessage, response: ServerResponse): void {
  switch (what.kind) {
    case 'status':
      if (what.status >= 500) say(`ERROR ${request.method} ${path} ${what.status} unhandled exception in request handler`);
      send(response, what.status, { 'content-type': 'text/plain', ...what.headers }, `status ${what.status}\n`);
      return;
    case 'delay':
      setTimeout(() => answerUsually(path, request, response), what.delayMs);
      return;
    case 'hang':
      return;
    case 'close':
      response.socket?.destroy();
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'truncate':
      response.writeHead(200, { 'content-length': 10_000 });
      response.write('{"orders":[', () => response.socket?.destroy());
      return;
    case 'garbage':
      response.socket?.end('HTPP/9.9 banana\r\n\r\n');
      return;
    case 'large-headers':
      send(response, 200, { 'x-debug': 'x'.repeat(60_000) }, 'ok\n');
      return;
    case 'wrong-body':
      send(response, 200, { 'content-type': 'text/html' }, '<html><body>Welcome to nginx!</body></html>\n');
      return;
    case 'crash':
      say('FATAL out of memory');
      process.exit(134);
  }
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), 'x-served-by': subject, ...headers });
  response.end(body);
}

function behave(next: Behaviour): void {
  const reconnect = next.wire !== behaviour.wire || next.certificate !== behaviour.certificate;
  behaviour = next;
  seen.clear();
  showCertificate();
  // A kept-alive connection would go on as before: only a new one meets another certificate or another protocol.
  if (reconnect) for (const socket of sockets) socket.destroy();
}

function showCertificate(): void {
  if (settings.certificateDirectory === null) return;
  const kind = behaviour.certificate;
  const directory = settings.certificateDirectory;
  tls.setSecureContext({ cert: readFileSync(join(directory, `${kind}.pem`)), key: readFileSync(join(directory, `${kind}.key`)) });
}

const control = createHttpServer((request, response) => {
  if (request.method === 'GET') {
    response.end(JSON.stringify({ subject, pid: process.pid, requests, connections: sockets.size, behaviour }));
    return;
  }
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (part: string) => {
    text += part;
  });
  request.on('end', () => {
    behave(JSON.parse(text) as Behaviour);
    response.end('{}');
  });
});

function listen(server: Server, where: { host: string; port: number } | string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    if (typeof where === 'string') server.listen(where, resolve);
    else server.listen({ ...where, backlog: 511 }, resolve);
  });
}

function say(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${subject} ${line}\n`);
}

showCertificate();
rmSync(settings.controlSocket, { force: true });
try {
  await listen(front, { host: settings.host, port: settings.port });
  await listen(control, settings.controlSocket);
} catch (error) {
  say(`cannot listen: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
say(`listening on ${settings.host}:${settings.port}${settings.certificateDirectory === null ? '' : ' with TLS'}`);
