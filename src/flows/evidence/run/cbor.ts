/** Writes the little CBOR that authenticators need (RFC 8949): numbers, bytes, text, lists, maps. */

/** What can be written. */
export type Cbor = number | string | Uint8Array | readonly Cbor[] | ReadonlyMap<Cbor, Cbor>;

/** Encodes a value; maps keep their order. */
export function cborOf(value: Cbor): Buffer {
  if (typeof value === 'number') {
    return value >= 0 ? head(0, value) : head(1, -1 - value);
  }
  if (typeof value === 'string') return withLength(3, Buffer.from(value));
  if (value instanceof Uint8Array) return withLength(2, value);
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<Cbor, Cbor>)];
    return Buffer.concat([head(5, entries.length), ...entries.flat().map(cborOf)]);
  }
  const list = value as readonly Cbor[];
  return Buffer.concat([head(4, list.length), ...list.map(cborOf)]);
}

function withLength(type: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([head(type, bytes.length), bytes]);
}

function head(type: number, count: number): Buffer {
  const major = type << 5;
  if (count < 24) return Buffer.from([major | count]);
  if (count < 0x100) return Buffer.from([major | 24, count]);
  return Buffer.from([major | 25, count >> 8, count & 0xff]);
}
