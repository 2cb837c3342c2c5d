/**
 * Just enough of the WebSocket framing to close a connection that is passed through (RFC 6455 §5).
 *
 * A close frame may be put between two frames of the upstream but never into one, so the ends of
 * frames are followed. Payloads are not looked at.
 */

/** Follows the frames that a server sends, chunk by chunk as they arrive. */
export class FrameBoundary {
  /** Bytes of the current frame's payload that have not come yet. */
  #payloadLeft = 0;
  /** The header of the current frame as far as it has come; empty between frames. */
  #header: number[] = [];

  /** True when the next byte would begin a new frame. */
  get isBetweenFrames(): boolean {
    return this.#payloadLeft === 0 && this.#header.length === 0;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= taken;
        at += taken;
      } else {
        this.#header.push(chunk[at] ?? 0);
        at += 1;
        const length = payloadLength(this.#header);
        if (length !== null) {
          this.#payloadLeft = length;
          this.#header = [];
        }
      }
    }
  }
}

/** A close frame as a server sends it, unmasked, with a code of RFC 6455 §7.4.1. */
export function closeFrame(code: number): Buffer {
  const frame = Buffer.from([0x88, 2, 0, 0]);
  frame.writeUInt16BE(code, 2);
  return frame;
}

/** What follows a header, masking key included; null while the header is not complete. */
function payloadLength(header: readonly number[]): number | null {
  const second = header[1];
  if (second === undefined) return null;
  const maskBytes = (second & 0x80) === 0 ? 0 : 4;
  const short = second & 0x7f;
  if (short < 126) return short + maskBytes;
  const lengthBytes = short === 126 ? 2 : 8;
  if (header.length < 2 + lengthBytes) return null;
  return header.slice(2, 2 + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0) + maskBytes;
}
