import { describe, expect, test } from 'vitest';
import { processBatch } from '../../lib/silver/process-batch.ts';
import { toLaneRecord } from '../../lib/stream/record.ts';
import type { StreamRecord } from '../../local/aws/kinesis/store.ts';
import { failureDocument } from '../../local/aws/mapping/failure-document.ts';
import { REDRIVE_DAYS, redriveDocuments } from '../../recover/redrive-documents.ts';
import { MemoryCheckpoints, MemoryLog } from '../silver/memory-log.ts';
import { chunkOf, MINUTE, SHARD, START_MS } from './chunks.ts';
import { dry, Effects, Killed, MemoryObjects, MemoryStream, quiet } from './memory.ts';

const settings = {
  uuid: 'c7e0c9f4-0000-4000-8000-000000000000',
  stream_arn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
  function_name: 'silver',
};
const everything = { from: null, to: null, shard: null };

function world() {
  const effects = new Effects();
  const objects = new MemoryObjects(effects);
  const stream = new MemoryStream(effects);
  let pauses = 0;
  const pause = async (): Promise<boolean> => {
    pauses += 1;
    return pauses < 3;
  };
  return { effects, objects, stream, ports: { objects, stream, pause, now_ms: () => START_MS } };
}

const recordOf = (sequence: number, data: Buffer, partition_key = 'a'): StreamRecord => ({
  shard_id: SHARD,
  sequence_number: String(sequence),
  partition_key,
  data,
  arrived_at_ms: START_MS,
});

/** Plants the document of a batch that was given up at START + minute; answers with its key. */
function giveUp(objects: MemoryObjects, minute: number, records: readonly StreamRecord[], change: object = {}): string {
  const { key, body } = failureDocument(
    {
      condition: 'RetryAttemptsExhausted',
      records,
      invocations: 11,
      request_id: null,
      function_error: null,
      time_ms: START_MS + minute * MINUTE,
    },
    settings as Parameters<typeof failureDocument>[1],
  );
  objects.map.set(key, Buffer.from(JSON.stringify({ ...JSON.parse(body), ...change })));
  return key;
}

/** The changes that Silver makes of a stream: those of a record that comes twice are no news. */
async function changesOf(stream: MemoryStream): Promise<string[]> {
  const log = new MemoryLog();
  const records = stream.records.flatMap((r) => toLaneRecord(r.data, r.shard_id, r.sequence_number) ?? []);
  const ports = { log, checkpoints: new MemoryCheckpoints(), memory: new Map(), checkpoint_every: 16 };
  await processBatch(records, { ...ports, pause: async () => undefined, warn: () => undefined });
  const objects = (await log.chain('a')).map(({ object }) => object);
  return objects.flatMap((o) =>
    o.type === 'turn' ? [] : o.changes.map((c) => `${c.station_id}@${c.slot_ms}=${c.content_hash}`),
  );
}

const tail = (chunk: Buffer): string => chunk.toString('hex').slice(-8);
const [one, two, three] = [chunkOf(0, { s: 1 }), chunkOf(1, { s: 2 }), chunkOf(2, { s: 3 })];

describe('redrive', () => {
  test('puts each record under its own key, in the order of the stream, and marks the days of its slots', async () => {
    const { objects, stream, effects, ports } = world();
    const later = giveUp(objects, 1, [recordOf(30, three)]);
    const first = giveUp(objects, 2, [recordOf(9, one), recordOf(10, two, 'b')]);
    const outcome = await redriveDocuments(ports, everything, quiet);
    expect(outcome).toEqual({
      counts: { documents_redriven: 2, records_put_into_the_stream: 3 },
      notes: [],
      dirty: ['2026-11-21', '2026-11-22'],
      changed: true,
    });
    expect(effects.list).toEqual([
      'put dirty/2026-11-21/redrive-9.json',
      `stream a ${tail(one)}`,
      `stream b ${tail(two)}`,
      `put recovered/redrive/${first}`,
      'put dirty/2026-11-22/redrive-30.json',
      `stream a ${tail(three)}`,
      `put recovered/redrive/${later}`,
    ]);
    expect(stream.records.map((r) => Buffer.from(r.data))).toEqual([one, two, three]);
    expect(JSON.parse(String(objects.map.get(`recovered/redrive/${first}`)))).toEqual({
      format: 1,
      from: first,
      at: '2026-11-21T23:58:00.000Z',
      brought_back: 2,
      stays: {},
    });
  });

  test('a second run finds nothing and does nothing', async () => {
    const { objects, effects, ports } = world();
    giveUp(objects, 0, [recordOf(1, one)]);
    await redriveDocuments(ports, everything, quiet);
    effects.list.length = 0;
    expect(await redriveDocuments(ports, everything, quiet)).toMatchObject({ changed: false, dirty: [], notes: [] });
    expect(effects.list).toEqual([]);
  });

  test('a dry run tells the same and changes nothing', async () => {
    const { objects, effects, ports } = world();
    giveUp(objects, 0, [recordOf(1, one), recordOf(2, Buffer.from('foreign'))]);
    const told = await redriveDocuments(ports, everything, dry);
    expect(effects.list).toEqual([]);
    expect(await redriveDocuments(ports, everything, quiet)).toEqual(told);
  });

  test('killed before or after any effect and run again: every record is in the stream, in order, and every document is done', async () => {
    const whole = world();
    const plant = (objects: MemoryObjects): void => {
      giveUp(objects, 0, [recordOf(1, one), recordOf(2, two)]);
      giveUp(objects, 1, [recordOf(3, three)]);
    };
    plant(whole.objects);
    await redriveDocuments(whole.ports, everything, quiet);
    expect(whole.effects.list).toHaveLength(7);
    for (let n = 0; n < 7; n++) {
      for (const when of ['before', 'after'] as const) {
        const { objects, stream, effects, ports } = world();
        plant(objects);
        effects.killAt(n, when);
        await expect(redriveDocuments(ports, everything, quiet)).rejects.toThrow(Killed);
        await redriveDocuments(ports, everything, quiet);
        const texts = stream.records.map((r) => Buffer.from(r.data).toString('hex'));
        expect(new Set(texts), `${when} effect ${n}`).toEqual(new Set([one, two, three].map((c) => c.toString('hex'))));
        expect(await changesOf(stream), `${when} effect ${n}`).toEqual(await changesOf(whole.stream));
        expect(Object.keys(objects.under('recovered/redrive/'))).toHaveLength(2);
        expect(Object.keys(objects.under('dirty/'))).toEqual(Object.keys(whole.objects.under('dirty/')));
        effects.list.length = 0;
        expect((await redriveDocuments(ports, everything, quiet)).changed).toBe(false);
        expect(effects.list).toEqual([]);
      }
    }
  });

  test('a record that is no chunk stays in its document, is named each time, and is tried again', async () => {
    const { objects, stream, effects, ports } = world();
    const key = giveUp(objects, 0, [recordOf(1, one), recordOf(2, Buffer.from('foreign')), recordOf(3, two)]);
    const note = `${key}: 1 (2): the record is not zstd`;
    expect((await redriveDocuments(ports, everything, quiet)).notes).toEqual([note]);
    expect(stream.records).toHaveLength(2);
    effects.list.length = 0;
    expect(await redriveDocuments(ports, everything, quiet)).toMatchObject({ notes: [note], changed: false });
    expect(effects.list).toEqual([]);
  });

  test('a record that stayed is brought back alone once the program can read it', async () => {
    const { objects, stream, ports } = world();
    const key = giveUp(objects, 0, [recordOf(1, one), recordOf(2, two)]);
    const before = {
      format: 1,
      from: key,
      at: '',
      brought_back: 1,
      stays: { '2': 'the header is not of chunk format 1' },
    };
    objects.map.set(`recovered/redrive/${key}`, Buffer.from(JSON.stringify(before)));
    expect((await redriveDocuments(ports, everything, quiet)).notes).toEqual([]);
    expect(stream.records.map((r) => Buffer.from(r.data))).toEqual([two]);
    const after = JSON.parse(String(objects.map.get(`recovered/redrive/${key}`)));
    expect([after.brought_back, after.stays]).toEqual([2, {}]);
  });

  test('without a payload the records are read from the stream; what expired stays, and is told', async () => {
    const { objects, stream, ports } = world();
    stream.add('1', one, START_MS);
    stream.add('2', two, START_MS);
    stream.add('3', three, START_MS);
    giveUp(objects, 0, [recordOf(1, one), recordOf(2, two)], { payload: undefined });
    expect((await redriveDocuments(ports, everything, quiet)).counts.records_put_into_the_stream).toBe(2);
    const gone = giveUp(objects, 1, [recordOf(0, three), recordOf(1, one)], { payload: undefined });
    stream.records.splice(0, 1, { ...stream.records[0], sequence_number: '1' } as (typeof stream.records)[0]);
    const { notes, counts } = await redriveDocuments(ports, everything, quiet);
    expect(counts.records_put_into_the_stream).toBe(1);
    expect(notes).toEqual([
      `${gone}: 1 (0 to 1): 1 of 2 records are neither in the document nor in the stream any more; Bronze may have them`,
    ]);
  });

  test('a record whose slot is so old that the log behind it may have expired is not put, and is named', async () => {
    const { objects, stream, ports } = world();
    const key = giveUp(objects, 0, [recordOf(1, one), recordOf(2, two)]); // at START, and a minute later
    const now_ms = (): number => START_MS + REDRIVE_DAYS * 24 * 60 * MINUTE + 1;
    const { notes, counts, dirty } = await redriveDocuments({ ...ports, now_ms }, everything, quiet);
    expect(counts.records_put_into_the_stream).toBe(1);
    expect(stream.records.map((r) => Buffer.from(r.data))).toEqual([two]);
    expect(dirty).toEqual(['2026-11-21']);
    expect(notes).toEqual([
      `${key}: 1 (1): its slot is more than 30 days ago: the log behind it may have expired, so it can't be put into the stream again. Nothing is lost: it is in Bronze, from where settle has it`,
    ]);
  });

  test('what is no document is named and left alone', async () => {
    const { objects, effects, ports } = world();
    const key = `aws/lambda/u/${SHARD}/2026/11/21/x`;
    objects.map.set(key, Buffer.from('{"requestContext":{}}'));
    objects.map.set('aws/lambda/other', Buffer.from(''));
    expect(await redriveDocuments(ports, everything, quiet)).toMatchObject({
      notes: [
        'aws/lambda/other: its name is not that of a failure document',
        `${key}: it is no failure document of a Kinesis batch`,
      ],
      changed: false,
    });
    expect(effects.list).toEqual([]);
  });

  test('where the stream takes no more, the rest waits in its order', async () => {
    const { objects, stream, effects, ports } = world();
    giveUp(objects, 0, [recordOf(1, one)]);
    giveUp(objects, 1, [recordOf(2, two)]);
    stream.refusals.push(...Array.from({ length: 3 }, () => 'ProvisionedThroughputExceededException'));
    const { notes } = await redriveDocuments(ports, everything, quiet);
    expect(notes[0]).toMatch(/the stream takes no more \(ProvisionedThroughputExceededException\), 2 documents wait$/);
    expect(effects.list.filter((e) => !e.startsWith('put dirty'))).toEqual([]);
    await redriveDocuments(ports, everything, quiet);
    expect(stream.records.map((r) => Buffer.from(r.data))).toEqual([one, two]);
  });

  test('only the days and the shard that are asked for', async () => {
    const { objects, stream, ports } = world();
    giveUp(objects, 0, [recordOf(1, one)]);
    giveUp(objects, 2, [recordOf(2, two)]);
    giveUp(objects, 2, [{ ...recordOf(3, three), shard_id: 'shardId-000000000001' }]);
    const range = { from: '2026-11-22', to: '2026-11-22', shard: SHARD };
    await redriveDocuments(ports, range, quiet);
    expect(stream.records.map((r) => Buffer.from(r.data))).toEqual([two]);
  });
});
