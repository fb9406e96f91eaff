/** Whatever a feed sends ends in events, rejects, or an error with a name; in time; and every record is accounted for. Cases that people thought of are in test/poll/parse. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCatalogue } from '../../lib/poll/catalogue.ts';
import { parseDiscovery } from '../../lib/poll/parse/discovery.ts';
import { parseStationInformation, parseStationStatus } from '../../lib/poll/parse/document.ts';
import type { ParsedDocument } from '../../lib/poll/parse/records.ts';
import { parseSeoulInformation, parseSeoulPage, parseSeoulStatus } from '../../lib/poll/parse/seoul.ts';
import { parseSystemInformation } from '../../lib/poll/parse/system-information.ts';
import { parsePlan } from '../../lib/poll/plan-text.ts';
import { CONTEXT } from '../poll/parse/documents.ts';
import { bounded, runs, TEST_MS } from './bounds.ts';
import { CATALOGUE, DISCOVERY, INFORMATION, PLAN, SEOUL, STATUS, SYSTEM } from './documents.ts';
import { badDocument } from './mutations.ts';

/** fetched = accepted + rejected + repeated, each station once, each reject with the bytes that stand in the document. */
function expectWhole(parsed: ParsedDocument, body: Buffer): void {
  const { fetched, events, rejects, repeated } = parsed;
  expect(events.length + rejects.length + repeated).toBe(fetched);
  expect(new Set(events.map(({ values }) => values.station_id)).size).toBe(events.length);
  for (const { content_hash, raw } of events) {
    expect(content_hash).toMatch(/^[0-9a-f]{16}$/);
    JSON.parse(raw);
  }
  for (const { raw, place } of rejects) {
    expect(body.includes(raw)).toBe(true);
    expect(place).toMatch(/\[\d+\]$/);
    JSON.parse(raw.toString().replace(/^\uFEFF/, ''));
  }
}

const seoul =
  (parse: typeof parseSeoulStatus) =>
  (body: Buffer): ParsedDocument =>
    parse([parseSeoulPage(body, 'application/json')], CONTEXT);

describe.each<[name: string, documents: readonly Buffer[], parse: (body: Buffer) => ParsedDocument]>([
  ['station_status', STATUS, (body) => parseStationStatus(body, CONTEXT)],
  ['station_information', INFORMATION, (body) => parseStationInformation(body, CONTEXT)],
  ['Seoul status', SEOUL, seoul(parseSeoulStatus)],
  ['Seoul information', SEOUL, seoul(parseSeoulInformation)],
])('%s', (_, documents, parse) => {
  test(
    'every record is accounted for, whatever was spoiled',
    () => {
      const property = fc.property(badDocument(documents), (body) => {
        const parsed = bounded(() => parse(body));
        if (parsed !== undefined) expectWhole(parsed, body);
      });
      fc.assert(property, runs(400));
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    },
    TEST_MS,
  );
});

describe.each<[name: string, documents: readonly Buffer[], parse: (body: Buffer) => unknown]>([
  ['discovery', DISCOVERY, (body) => parseDiscovery(body, 'https://bikes.test/gbfs.json?key=k')],
  ['system_information', SYSTEM, parseSystemInformation],
  ['the catalogue', CATALOGUE, (body) => parseCatalogue(body.toString())],
  ['the plan', PLAN, (body) => parsePlan(body.toString(), 'config/plan.json', 'write it again')],
])('%s', (_, documents, parse) => {
  test(
    'ends in a value or in an error with a name',
    () => {
      fc.assert(
        fc.property(badDocument(documents), (body) => void bounded(() => parse(body))),
        runs(400),
      );
    },
    TEST_MS,
  );
});
