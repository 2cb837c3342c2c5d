/**
 * The demo's second upstream: a server that speaks the OpenAI API and answers with a canned text.
 *
 * It streams one token at a time with a pause after each, so that a proxy that collects an answer
 * before it passes it on is seen at once. `/v1/models`, `/v1/chat/completions`, `/v1/embeddings`.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../platform/clock.ts';

const modelName = 'sallyport-parrot';

/** Longest request that is read. */
const requestBytesMax = 1024 * 1024;

/** Makes the model server; the caller lets it listen. */
export function createModelServer(options: {
  readonly clock: Clock;
  /** Between two tokens of a streamed answer. */
  readonly pauseMilliseconds: number;
}): Server {
  return createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      if (error instanceof ApiError && !response.headersSent) return sendError(response, error);
      response.destroy();
    });
  });
}

type Options = Parameters<typeof createModelServer>[0];

/** What a caller did wrong, in the shape that OpenAI's clients expect. */
class ApiError extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly param: string | null;

  constructor(status: number, message: string, code: string | null, param: string | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
  }
}

async function answer(
  options: Options,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://models').pathname;
  const created = Math.floor(options.clock.now() / 1000);
  const model = { id: modelName, object: 'model', created, owned_by: 'sallyport-demo' };

  switch (`${request.method} ${path}`) {
    case 'GET /v1/models':
      return sendJson(response, 200, { object: 'list', data: [model] });
    case `GET /v1/models/${modelName}`:
      return sendJson(response, 200, model);
    case 'POST /v1/chat/completions':
      return completeChat(options, created, request, response);
    case 'POST /v1/embeddings':
      return embed(request, response);
    default:
      throw new ApiError(404, `Unknown request URL: ${request.method} ${path}.`, 'unknown_url');
  }
}

async function completeChat(
  options: Options,
  created: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  assertModel(body);
  const question = lastQuestion(body);
  const tokens = answerTo(question, request.headers['remote-user']);
  const head = { id: `chatcmpl-${created}`, created, model: modelName };
  const usage = {
    prompt_tokens: tokensOf(question).length,
    completion_tokens: tokens.length,
    total_tokens: tokensOf(question).length + tokens.length,
  };

  if (body['stream'] !== true) {
    const message = { role: 'assistant', content: tokens.join(''), refusal: null };
    const choice = { index: 0, message, logprobs: null, finish_reason: 'stop' };
    const completion = { ...head, object: 'chat.completion', choices: [choice], usage };
    return sendJson(response, 200, completion);
  }

  const chunk = (delta: object, finishReason: string | null): object => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
  });
  const chunks = [
    chunk({ role: 'assistant', content: '' }, null),
    ...tokens.map((token) => chunk({ content: token }, null)),
    chunk({}, 'stop'),
    ...(wantsUsage(body) ? [{ ...head, object: 'chat.completion.chunk', choices: [], usage }] : []),
  ];
  await stream(response, chunks, options.pauseMilliseconds);
}

/** Server-sent events, one per token; stops as soon as the reader goes away. */
async function stream(
  response: ServerResponse,
  chunks: readonly object[],
  pauseMilliseconds: number,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  for (const chunk of chunks) {
    if (response.destroyed) return;
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    await pause(pauseMilliseconds);
  }
  response.end('data: [DONE]\n\n');
}

async function embed(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  assertModel(body);
  const input = body['input'];
  const texts = Array.isArray(input) ? input.map(String) : [input];
  if (texts.length === 0 || !texts.every((text) => typeof text === 'string' && text !== '')) {
    throw new ApiError(400, 'Give `input` as a text or a list of texts.', null, 'input');
  }
  const asBase64 = body['encoding_format'] === 'base64';
  const data = texts.map((text, index) => {
    const vector = vectorOf(String(text));
    const embedding = asBase64 ? Buffer.from(vector.buffer).toString('base64') : [...vector];
    return { object: 'embedding', index, embedding };
  });
  const count = texts.reduce<number>((sum, text) => sum + tokensOf(String(text)).length, 0);
  const usage = { prompt_tokens: count, total_tokens: count };
  sendJson(response, 200, { object: 'list', model: modelName, data, usage });
}

/** Eight numbers that depend on the letters of the text, scaled to length one. */
function vectorOf(text: string): Float32Array {
  const vector = new Float32Array(8);
  for (const [at, byte] of Buffer.from(text).entries()) {
    vector[at % 8] = (vector[at % 8] ?? 0) + byte / 255;
  }
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function answerTo(question: string, user: string | string[] | undefined): readonly string[] {
  const name = typeof user === 'string' ? user : 'stranger';
  return tokensOf(
    `Hello ${name}, I am a parrot and not a model. You said: ${question} ` +
      'I say it back one word at a time, so that you can see the answer arrive.',
  );
}

/** Words with the blank before them, much as a tokenizer would cut them. */
function tokensOf(text: string): readonly string[] {
  return text.match(/\s*\S+/g) ?? [];
}

type Body = Readonly<Record<string, unknown>>;

async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > requestBytesMax) throw new ApiError(413, 'The request is too long.', null);
    chunks.push(chunk);
  }
  const body = parsedJson(Buffer.concat(chunks).toString('utf8'));
  if (isObject(body)) return body;
  throw new ApiError(400, 'We could not parse the JSON body of your request.', null);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function assertModel(body: Body): void {
  const { model } = body;
  if (typeof model !== 'string') {
    throw new ApiError(400, 'You must provide a model parameter.', null, 'model');
  }
  if (model !== modelName) {
    throw new ApiError(404, `The model \`${model}\` does not exist.`, 'model_not_found');
  }
}

function lastQuestion(body: Body): string {
  const { messages } = body;
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  if (!isObject(last)) {
    throw new ApiError(
      400,
      '`messages` must be a list with at least one message.',
      null,
      'messages',
    );
  }
  return contentText(last['content']);
}

/** A message's content is a text, or a list of parts of which some are texts. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) =>
      isObject(part) && typeof part['text'] === 'string' ? part['text'] : '',
    )
    .join(' ')
    .trim();
}

function wantsUsage(body: Body): boolean {
  const options = body['stream_options'];
  return isObject(options) && options['include_usage'] === true;
}

function sendError(response: ServerResponse, error: ApiError): void {
  const { message, param, code } = error;
  const type = 'invalid_request_error';
  sendJson(response, error.status, { error: { message, type, param, code } });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
