/** Where a close frame may be put among the frames of a server. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { closeFrame, FrameBoundary } from '../../../src/gateway/websocket-frames.ts';

/** A server's frame with a payload of so many bytes. */
function frame(length: number): Buffer {
  const header =
    length < 126
      ? Buffer.from([0x82, length])
      : length < 65_536
        ? Buffer.from([0x82, 126, length >> 8, length & 0xff])
        : Buffer.from([
            0x82,
            127,
            0,
            0,
            0,
            0,
            0,
            length >> 16,
            (length >> 8) & 0xff,
            length & 0xff,
          ]);
  return Buffer.concat([header, Buffer.alloc(length)]);
}

describe('the boundary of frames', () => {
  test('is found after frames of any length, and nowhere in them', () => {
    for (const length of [0, 1, 125, 126, 65_535, 65_536, 70_000]) {
      const boundary = new FrameBoundary();
      const bytes = frame(length);
      boundary.push(bytes.subarray(0, -1));
      assert.equal(boundary.isBetweenFrames, false, String(length));
      boundary.push(bytes.subarray(-1));
      assert.equal(boundary.isBetweenFrames, true, String(length));
    }
  });

  test('is found however the bytes are cut up', () => {
    const bytes = Buffer.concat([frame(3), frame(300), frame(0), frame(66_000), frame(5)]);
    for (const size of [1, 2, 3, 7, 1000, bytes.length]) {
      const boundary = new FrameBoundary();
      for (let at = 0; at < bytes.length; at += size) boundary.push(bytes.subarray(at, at + size));
      assert.equal(boundary.isBetweenFrames, true, String(size));
    }
  });

  test('counts the key of a masked frame as part of it', () => {
    const boundary = new FrameBoundary();
    boundary.push(Buffer.from([0x81, 0x82, 1, 2, 3, 4, 5]));
    assert.equal(boundary.isBetweenFrames, false);
    boundary.push(Buffer.from([6]));
    assert.equal(boundary.isBetweenFrames, true);
  });
});

test('a close frame carries its code, unmasked', () => {
  assert.deepEqual(closeFrame(1008), Buffer.from([0x88, 0x02, 0x03, 0xf0]));
});
