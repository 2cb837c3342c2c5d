/** A value that cannot be printed by accident. */

import { inspect } from 'node:util';

/** Wraps a secret; printing, serialising and inspecting show `[secret]`, only `reveal` opens it. */
export class Secret<Value = string> {
  readonly #value: Value;

  constructor(value: Value) {
    this.#value = value;
  }

  reveal(): Value {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
