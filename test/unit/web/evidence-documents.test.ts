/** Documents that are kept: whole by themselves, and nothing in them is taken for markup. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { EvidenceReport } from '../../../src/flows/evidence/report.ts';
import {
  checklistAsMarkdown,
  controlsAsHtml,
  controlsAsMarkdown,
  reportAsHtml,
  reportAsJson,
} from '../../../src/web/admin/evidence/documents.ts';
import { createRenderer } from '../../../src/web/render.ts';
import { aRoute, aRule, NOON } from '../../support/builders.ts';
import { aReport, sampleConfig } from '../../support/sample-admin-evidence.ts';

const hostile = '<img src=x onerror=alert(1)>"\'&';
const renderer = createRenderer();
const parts = {
  config: {
    ...sampleConfig,
    portal: { ...sampleConfig.portal, issuer: hostile },
    routes: [aRoute({ name: hostile, rules: [aRule({ id: hostile, requires: { level: 1 } })] })],
  },
  renderer,
  now: NOON,
};

function hostileReport(): EvidenceReport {
  const report = aReport('failed');
  return {
    ...report,
    by: hostile,
    installation: { ...report.installation, issuer: hostile, publicUrl: hostile },
    policy: [{ key: hostile, value: hostile, means: hostile }],
    verifications: report.verifications.map((verification) => ({
      ...verification,
      title: hostile,
      checks: verification.checks.map((check) => ({
        ...check,
        what: hostile,
        how: hostile,
        expected: hostile,
        seen: hostile,
      })),
    })),
  };
}

describe('a document', () => {
  for (const file of [reportAsHtml(hostileReport(), parts), controlsAsHtml(aReport(), parts)]) {
    test(`${file.name}.${file.extension} escapes whatever stands in it`, () => {
      assert.doesNotMatch(file.text, /<img/);
      assert.match(file.text, /&lt;img src=x onerror=alert\(1\)&gt;/);
    });

    test(`${file.name}.${file.extension} loads nothing, runs nothing and has one heading`, () => {
      assert.doesNotMatch(file.text, /<(?:script|link|img|iframe|object)\b|@import|url\(/);
      assert.equal(file.text.match(/<h1>/g)?.length, 1);
      assert.match(file.text, /^<!doctype html>\n<html lang="en">/);
    });
  }

  for (const file of [controlsAsMarkdown(aReport(), parts), checklistAsMarkdown(parts)]) {
    test(`${file.name}.${file.extension} takes no markup from names`, () => {
      assert.doesNotMatch(file.text, /(?<!\\)<img/);
    });
  }

  test('for programs can be read back', () => {
    const document = JSON.parse(reportAsJson(hostileReport()).text) as Record<string, unknown>;
    assert.equal(document['by'], hostile);
  });

  test('has the date of the report in its name', () => {
    assert.equal(reportAsHtml(aReport(), parts).name, 'evidence-2026-03-02');
  });
});
