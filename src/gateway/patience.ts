/**
 * How long an upstream may keep us waiting, looked at four times a second for all exchanges
 * together. A timer for each would have to be set three times for every request, and nearly all
 * requests are over before any of them could matter.
 */

import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Timeouts } from '../core/route.ts';
import { type Member, Roster } from './roster.ts';

/** An exchange as far as waiting goes. */
export interface Waiting extends Member {
  /** Called four times a second; `now` is monotonic. */
  look(now: number): void;
}

const lookMilliseconds = 250;

/** Looks after those who wait. Nothing runs while nobody does. */
export class Patience {
  readonly #waiting = new Roster<Waiting>();
  #timer: NodeJS.Timeout | undefined;

  begin(waiting: Waiting): void {
    this.#waiting.join(waiting);
    this.#timer ??= setInterval(() => this.#look(), lookMilliseconds).unref();
  }

  end(waiting: Waiting): void {
    this.#waiting.leave(waiting);
  }

  #look(): void {
    if (this.#waiting.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const now = performance.now();
    for (const waiting of this.#waiting.members()) waiting.look(now);
  }
}

/** Measures how long an upstream has been silent, and says when that is too long. */
export class Silence {
  readonly #timeouts: Timeouts;
  #phase: 'connecting' | 'sending' | 'waiting' | 'answering' = 'connecting';
  #since = performance.now();
  #bytes = -1;

  constructor(timeouts: Timeouts) {
    this.#timeouts = timeouts;
  }

  /** The upstream said something that is no answer yet. */
  broken(): void {
    this.#since = performance.now();
  }

  /** The answer has begun. */
  answered(): void {
    this.#phase = 'answering';
    this.#since = performance.now();
  }

  /** A connection failed, and another takes its place. */
  restart(): void {
    this.#phase = 'connecting';
    this.#since = performance.now();
  }

  isTooLong(request: ClientRequest, now: number): boolean {
    this.#advance(request, now);
    const { connectSeconds, headersSeconds, idleSeconds } = this.#timeouts;
    const seconds = {
      connecting: connectSeconds,
      sending: idleSeconds,
      waiting: headersSeconds,
      answering: idleSeconds,
    }[this.#phase];
    return now - this.#since > seconds * 1000;
  }

  #advance(request: ClientRequest, now: number): void {
    const { socket } = request;
    if (this.#phase === 'connecting' && socket !== null && isConnected(socket)) {
      this.#phase = 'sending';
      this.#since = now;
    }
    if (this.#phase === 'sending' && request.writableFinished) {
      this.#phase = 'waiting';
      this.#since = now;
    }
    if (this.#phase === 'waiting' || socket === null) return;
    const bytes = socket.bytesRead + socket.bytesWritten;
    if (bytes !== this.#bytes) this.#since = now;
    this.#bytes = bytes;
  }
}

function isConnected(socket: Socket): boolean {
  return (
    !socket.connecting && (socket as Partial<TLSSocket & Connecting>).secureConnecting !== true
  );
}

/** A TLS socket whose handshake is not finished; known to Node, not to its types. */
interface Connecting {
  readonly secureConnecting: boolean;
}
