/**
 * The demo's first upstream: an administration console without any login, as one finds them.
 *
 * It believes the identity headers that it is sent and shows them, which is exactly why nobody
 * but the gateway may reach it. Server-rendered pages, forms that post to their own address, an
 * event stream (`/console/events`) and a WebSocket (`/console/live`).
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../platform/clock.ts';
import { consoleAssets } from './console-assets.ts';
import {
  bulletinPage,
  editUserPage,
  logPage,
  missingPage,
  overviewPage,
  settingsPage,
  terminalPage,
  userPage,
  usersPage,
  welcomePage,
  type Surroundings,
  type Visitor,
} from './console-pages.ts';
import { ConsoleRecords } from './console-records.ts';
import { acceptTextSocket } from './web-socket.ts';

/** Longest form that is read. */
const formBytesMax = 64 * 1024;

/** Makes the console; the caller lets it listen. Its records live as long as it does. */
export function createLegacyConsole(options: { readonly clock: Clock }): Server {
  const records = new ConsoleRecords();
  const server = createServer((request, response) => {
    answer(records, options.clock, request, response).catch(() => response.destroy());
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    openTerminal(options.clock, request, socket, head);
  });
  return server;
}

async function answer(
  records: ConsoleRecords,
  clock: Clock,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://console');
  const asset = consoleAssets.get(url.pathname);
  if (asset !== undefined) {
    response.setHeader('cache-control', 'public, max-age=3600');
    return send(response, 200, asset.type, asset.body);
  }
  if (url.pathname === '/console/events') return streamLog(clock, request, response);
  if (url.pathname === '/console/api/whoami') {
    const body = JSON.stringify({ visitor: visitorOf(request), headers: request.headers });
    return send(response, 200, 'application/json', body);
  }
  if (request.method === 'POST') return submit(records, url.pathname, request, response);

  const around = { visitor: visitorOf(request), settings: records.settings() };
  const body = showPage(records, around, url);
  if (body === null) return sendPage(response, 404, missingPage(around, url.pathname));
  sendPage(response, 200, body);
}

/** The page at an address, or null when there is none. */
function showPage(records: ConsoleRecords, around: Surroundings, url: URL): string | null {
  const isSaved = url.searchParams.has('saved');
  switch (url.pathname) {
    case '/':
      return welcomePage(around);
    case '/console':
    case '/console/':
      return overviewPage(around, records.list());
    case '/console/users':
      return usersPage(around, records.list());
    case '/console/log':
      return logPage(around);
    case '/console/terminal':
      return terminalPage(around);
    case '/console/bulletin':
      return bulletinPage(around);
    case '/admin/':
    case '/admin/settings':
      return settingsPage(around, isSaved);
    default:
  }
  const place = userPlace(url.pathname);
  const person = place === null ? null : records.find(place.id);
  if (place === null || person === null) return null;
  return place.isForm ? editUserPage(around, person) : userPage(around, person, isSaved);
}

/** Every form posts to the address that shows it and ends with a redirect to what it changed. */
async function submit(
  records: ConsoleRecords,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const form = await readForm(request);
  if (form === null) return send(response, 413, 'text/plain', 'The form is too long.\n');
  const place = userPlace(path);
  if (place?.isForm === true && records.find(place.id) !== null) {
    records.change(place.id, form);
    return redirect(response, `/console/users/${place.id}?saved`);
  }
  if (path === '/admin/settings') {
    records.changeSettings(form);
    return redirect(response, '/admin/settings?saved');
  }
  send(response, 405, 'text/plain', 'The console takes no forms at this address.\n');
}

function userPlace(path: string): { readonly id: number; readonly isForm: boolean } | null {
  const match = /^\/console\/users\/(\d{1,6})(\/edit)?$/.exec(path);
  return match === null ? null : { id: Number(match[1]), isForm: match[2] !== undefined };
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > formBytesMax) return null;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** Writes a log line a second until the reader goes away. */
function streamLog(clock: Clock, request: IncomingMessage, response: ServerResponse): void {
  const name = visitorOf(request).username ?? 'nobody';
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write('retry: 3000\n\n');
  let count = 0;
  const write = (): void => {
    count += 1;
    const line = logLines[count % logLines.length] ?? '';
    response.write(`id: ${count}\ndata: ${timeOf(clock)} [${name}] ${line}\n\n`);
  };
  write();
  const timer = setInterval(write, 1000);
  response.on('close', () => clearInterval(timer));
}

const logLines = [
  'scheduler: 3 jobs waiting, 2 running',
  'gpu-a1: temperature 61 C',
  'gpu-a2: job 4711 started (finetune-small)',
  'storage: 71 % of /models in use',
  'gpu-b1: heartbeat',
  'billing: report for last hour written',
];

function openTerminal(clock: Clock, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const path = new URL(request.url ?? '/', 'http://console').pathname;
  const name = visitorOf(request).username ?? 'nobody';
  const isAccepted =
    path === '/console/live' &&
    acceptTextSocket(request, socket, head, (connection) => {
      connection.send(`Welcome, ${name}. Type "help" for the commands.`);
      return {
        onMessage: (text) => connection.send(reply(clock, name, text.trim())),
        onClose: () => undefined,
      };
    });
  if (!isAccepted) {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  }
}

function reply(clock: Clock, name: string, line: string): string {
  if (line === 'help') return 'Commands: help, whoami, time, nodes. Anything else is echoed.';
  if (line === 'whoami') return name;
  if (line === 'time') return timeOf(clock);
  if (line === 'nodes') return 'gpu-a1 up, gpu-a2 up, gpu-b1 up, gpu-b2 down';
  return `echo: ${line}`;
}

function visitorOf(request: IncomingMessage): Visitor {
  const read = (name: string): string => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : '';
  };
  const username = read('remote-user');
  return {
    username: username === '' ? null : username,
    displayName: read('remote-name'),
    email: read('remote-email'),
    groups: read('remote-groups'),
  };
}

function timeOf(clock: Clock): string {
  return new Date(clock.now()).toISOString().slice(11, 19);
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location }).end();
}

function sendPage(response: ServerResponse, status: number, body: string): void {
  response.setHeader('cache-control', 'no-store');
  send(response, status, 'text/html; charset=utf-8', body);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
