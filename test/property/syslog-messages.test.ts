/** Audit events as syslog: by the letter of RFC 5424 and RFC 6587, whatever strangers typed (G13). */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';

import { auditEventTypes } from '../../src/core/audit-event.ts';
import { auditFormats } from '../../src/core/audit-formats.ts';
import { octetCounted, syslogMessage } from '../../src/sinks/syslog-message.ts';
import { anEvent, hostileEvent, hostileValue } from '../support/audit-events.ts';
import { readFrames, readSyslog } from '../support/read-syslog.ts';

const origin = { facility: 13, hostname: 'id.example.com', processId: 4711 };

describe('a syslog message', () => {
  test('says what happened, where, to whom and when', () => {
    const event = anEvent({ type: 'reset.executed', severity: 'high', actor: 'ben "the admin"]' });
    const message = syslogMessage(event, origin);
    assert.ok(
      message.startsWith(
        '<106>1 2026-03-02T12:00:00.000Z id.example.com sallyport 4711 reset.executed ' +
          '[sallyport@32473 id="evt_1" severity="high" actor="ben \\"the admin\\"\\]" subject="usr_anna"',
      ),
      message,
    );
    assert.equal(
      readSyslog(Buffer.from(message)).text,
      auditFormats.jsonl.line(event),
      'the text is the line of an export',
    );
  });

  test('has the facility that is configured and a severity of its own for each of ours', () => {
    const severities = (['info', 'notice', 'warning', 'high'] as const).map((severity) => {
      const octets = Buffer.from(syslogMessage(anEvent({ severity }), { ...origin, facility: 10 }));
      const read = readSyslog(octets);
      assert.equal(read.facility, 10);
      return read.severity;
    });
    assert.deepEqual(severities, [6, 5, 4, 2]);
  });

  test('names every event by a message id that fits', () => {
    for (const type of auditEventTypes) {
      const octets = Buffer.from(syslogMessage(anEvent({ type }), origin));
      assert.equal(readSyslog(octets).messageId, type);
    }
  });

  test('is by the letter of the grammar, whatever is in the event and in the host', () => {
    fc.assert(
      fc.property(hostileEvent, hostileValue, (event, hostname) => {
        const read = readSyslog(Buffer.from(syslogMessage(event, { ...origin, hostname })));
        assert.equal(read.elementName, 'sallyport@32473');
        assert.equal(read.parameters['actor'], calm(event.actor));
        assert.equal(read.parameters['tenant'], calm(event.tenant));
        assert.equal(read.parameters['hash'], event.hash);
        assert.equal(read.text, auditFormats.jsonl.line(event));
        assert.doesNotMatch(read.text, /[\n\r\0]/);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('frames', () => {
  test('count octets, not characters, so that nothing in a message begins another', () => {
    fc.assert(
      fc.property(fc.array(hostileEvent, { maxLength: 4 }), (events) => {
        const messages = events.map((event) => syslogMessage(event, origin));
        const { frames, rest } = readFrames(Buffer.concat(messages.map(octetCounted)));
        assert.equal(rest.length, 0);
        assert.deepEqual(
          frames.map((frame) => frame.toString('utf8')),
          messages,
        );
      }),
      { numRuns: 200 },
    );
  });
});

function calm(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, '\ufffd');
}
