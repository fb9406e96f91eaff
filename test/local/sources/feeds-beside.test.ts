import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { feedsBeside, timeZoneOf } from '../../../local/sources/feeds-beside.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'bikelake-beside-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const document = (name: string, text: string): void => writeFileSync(join(dir, name), text);

test('the documents of a recording are those with its name', () => {
  document('a_2026-11-17.station_information.json', '{"data": {"stations": []}}');
  document('a_2026-11-17.system_information.json', '{"data": {"system_id": "a", "timezone": "Asia/Seoul"}}');
  document('a.station_information.json', '{}');
  for (const ending of ['.ndjson', '.ndjson.gz', '.ndjson.zst']) {
    const beside = feedsBeside(join(dir, `a_2026-11-17${ending}`));
    expect(beside.map(({ feed, body }) => [feed, body.toString()])).toEqual([
      ['station_information', '{"data": {"stations": []}}'],
      ['system_information', '{"data": {"system_id": "a", "timezone": "Asia/Seoul"}}'],
    ]);
    expect(timeZoneOf(beside)).toBe('Asia/Seoul');
  }
  expect(feedsBeside(join(dir, 'b_2026-11-17.ndjson.gz'))).toEqual([]);
  expect(timeZoneOf([])).toBeUndefined();
});

test('a time zone that is not known here is none', () => {
  document('c.system_information.json', '{"data": {"system_id": "c", "timezone": "Mars/Olympus"}}');
  expect(timeZoneOf(feedsBeside(join(dir, 'c.ndjson')))).toBeUndefined();
});

test('what is no JSON is told by its path', () => {
  document('d.station_information.json', '<html>');
  expect(() => feedsBeside(join(dir, 'd.ndjson'))).toThrow(
    /d\.station_information\.json is no JSON.*take the file away/,
  );
});
