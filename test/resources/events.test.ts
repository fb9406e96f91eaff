import { readFileSync } from 'node:fs';
import type { FirehoseTransformationEvent, KinesisStreamEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { exampleEvents } from '../../events/make.ts';
import { toSourceRecords } from '../../lib/bronze/transform-event.ts';
import { unpackRecords } from '../../lib/bronze/unpack.ts';
import type { PollInput } from '../../lib/poll/plan.ts';
import { parseBatch } from '../../lib/silver/batch-event.ts';

const example = (name: string): string => readFileSync(new URL(`../../events/${name}.json`, import.meta.url), 'utf8');

describe('the example events', () => {
  it.each(['poll', 'bronze', 'silver'] as const)('%s.json is what events/make.ts writes', (name) => {
    expect(example(name), 'run `npx node events/make.ts`').toBe(exampleEvents()[name]);
  });

  it('poll names a slot, and a system of the simulated city', () => {
    const { scheduled_time, group } = JSON.parse(example('poll')) as PollInput;
    expect(scheduled_time).toBe('2026-01-01T00:00:00Z');
    expect(group.systems.map((s) => s.url)).toEqual(['http://127.0.0.1:8010/gbfs/2.3/gbfs.json']);
  });

  it('bronze becomes two stations and a receipt', () => {
    const { records, failed } = unpackRecords(
      toSourceRecords(JSON.parse(example('bronze')) as FirehoseTransformationEvent),
    );
    const rows = records.flatMap((r) => Buffer.from(r.data, 'base64').toString().trim().split('\n'));
    expect(failed).toEqual([]);
    expect(rows.map((row) => JSON.parse(row)).map(({ k, s, i, b, A }) => ({ k, s, i, b, A }))).toEqual([
      { k: 'status', s: 'example_city', i: 'harbour', b: 7, A: undefined },
      { k: 'status', s: 'example_city', i: 'mill-bridge', b: 0, A: undefined },
      { k: 'receipt', s: 'example_city', i: undefined, b: undefined, A: 2 },
    ]);
  });

  it('silver is a record of a lane, and a receipt that is passed over', () => {
    const { records, foreign } = parseBatch(JSON.parse(example('silver')) as KinesisStreamEvent);
    expect(foreign).toEqual([]);
    expect(records.map((r) => ({ lane: r.lane, slot: new Date(r.slot_ms).toISOString(), parts: r.parts }))).toEqual([
      {
        lane: 'example',
        slot: '2026-01-01T00:00:00.000Z',
        parts: [
          {
            key: 'example_city/status/0',
            system_id: 'example_city',
            kind: 'status',
            part: 0,
            fetched_at_ms: 1_767_225_612_345,
            events: [],
          },
        ],
      },
    ]);
  });
});
