/**
 * All servers of one backend in one process, told over a Unix socket what to do: `node farm.ts SETTINGS.json`.
 * A JSON object is PUT to the socket; every key of {@link FarmOrder} is optional.
 */
import { readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server, Socket } from 'node:net';

export interface FarmSettings {
  readonly controlSocket: string;
  readonly ports: readonly number[];
  readonly certificate: Certificate | null;
  readonly healthPath: string;
  /** The health check is answered only under this name; null: under any. */
  readonly healthHost: string | null;
  /** Paths that exist; everything below them exists, too. */
  readonly paths: readonly string[];
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** One way of misbehaving; the first rule that fits decides. */
export interface FarmRule {
  /** Index of the server; null: all. */
  readonly server: number | null;
  /** Beginnings of the path; null: every path but the health check's. */
  readonly paths: readonly string[] | null;
  readonly alsoHealth: boolean;
  readonly share: number;
  /** null: the usual status. */
  readonly status: number | null;
  readonly delayMs: number;
  readonly hang: boolean;
}

export interface FarmOrder {
  readonly rules?: readonly FarmRule[];
  readonly close?: readonly number[];
  readonly open?: readonly number[];
  readonly certificate?: Certificate;
}

function serve(settings: FarmSettings): void {
  let rules: readonly FarmRule[] = [];
  const sockets = settings.ports.map(() => new Set<Socket>());
  const servers = settings.ports.map((_, index) => {
    const answer = (request: IncomingMessage, response: ServerResponse) => respond(settings, rules, index, request, response);
    const server: Server = settings.certificate === null ? createServer(answer) : createTlsServer(settings.certificate, answer);
    server.on('connection', (socket: Socket) => {
      sockets[index]?.add(socket);
      socket.once('close', () => sockets[index]?.delete(socket));
      socket.on('error', () => {});
    });
    return server;
  });
  const open = (index: number) =>
    new Promise<void>((done) => servers[index]?.listen(settings.ports[index], '127.0.0.1', () => done()) ?? done());
  const close = (index: number) => {
    servers[index]?.close();
    for (const socket of sockets[index] ?? []) socket.destroy();
  };
  const obey = async (order: FarmOrder) => {
    if (order.rules !== undefined) rules = order.rules;
    for (const index of order.close ?? []) close(index);
    for (const index of order.open ?? []) await open(index);
    if (order.certificate === undefined) return;
    for (const [index, server] of servers.entries()) {
      if ('setSecureContext' in server) (server as import('node:tls').Server).setSecureContext(order.certificate);
      // Connections that are kept alive would go on with the old certificate.
      for (const socket of sockets[index] ?? []) socket.destroy();
    }
  };
  rmSync(settings.controlSocket, { force: true });
  void Promise.all(servers.map((_, index) => open(index))).then(() => listenForOrders(settings.controlSocket, obey));
}

function listenForOrders(path: string, obey: (order: FarmOrder) => Promise<void>): void {
  createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      void obey(text === '' ? {} : (JSON.parse(text) as FarmOrder)).then(() => response.end('{}'));
    });
  }).listen(path);
}

function respond(
  settings: FarmSettings,
  rules: readonly FarmRule[],
  index: number,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const health = path === settings.healthPath;
  const rule = rules.find((candidate) => fits(candidate, index, path, health) && Math.random() < candidate.share);
  if (rule?.hang) return;
  const status = rule?.status ?? usualStatus(settings, path, health, request.headers.host);
  const end = () => {
    response.writeHead(status, { 'content-type': 'text/plain' });
    response.end(
      status === 200
        ? health
          ? 'alive and well\n'
          : `this is ${path}, with some content behind it\n`
        : `the application says ${status}\n`,
    );
  };
  if (rule === undefined || rule.delayMs === 0) end();
  else setTimeout(end, rule.delayMs);
}

function fits(rule: FarmRule, index: number, path: string, health: boolean): boolean {
  if (rule.server !== null && rule.server !== index) return false;
  if (health) return rule.alsoHealth;
  return rule.paths === null || rule.paths.some((prefix) => path.startsWith(prefix));
}

function usualStatus(settings: FarmSettings, path: string, health: boolean, host: string | undefined): number {
  if (health) return settings.healthHost === null || host?.split(':')[0] === settings.healthHost ? 200 : 421;
  return settings.paths.some((known) => path === known || (known !== '/' && path.startsWith(`${known}/`))) ? 200 : 404;
}

const settingsFile = process.argv[2];
if (import.meta.main && settingsFile !== undefined) serve(JSON.parse(readFileSync(settingsFile, 'utf8')) as FarmSettings);
