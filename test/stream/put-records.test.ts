import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FatalError, TransientError } from '../../lib/errors.ts';
import { type PutPort, putRecords, type StreamRecord } from '../../lib/stream/put-records.ts';

const record = (partition_key: string, text: string, bytes = 0): StreamRecord => ({
  partition_key,
  bytes: bytes > 0 ? Buffer.alloc(bytes, text) : Buffer.from(text),
});
const nameOf = ({ partition_key, bytes }: StreamRecord) => `${partition_key}${String.fromCharCode(bytes[0] ?? 0)}`;

/** A stream that answers with the given codes, call after call, and then takes everything. */
function streamOf(...answers: Array<ReadonlyArray<string | null> | Error>) {
  const calls: string[][] = [];
  const port: PutPort = {
    put: async (records) => {
      calls.push(records.map(nameOf));
      const answer = answers[calls.length - 1];
      if (answer instanceof Error) throw answer;
      return records.map((_, n) => answer?.[n] ?? null);
    },
  };
  return { port, calls };
}

const always = async () => true;
const BUSY = 'ProvisionedThroughputExceededException';

describe('putting records', () => {
  it('sends only what failed again: 3, 2, 1', async () => {
    const { port, calls } = streamOf([null, BUSY, BUSY], [BUSY, null]);
    expect(await putRecords([record('a', '1'), record('b', '1'), record('c', '1')], port, always)).toEqual([]);
    expect(calls).toEqual([['a1', 'b1', 'c1'], ['b1', 'c1'], ['b1']]);
  });

  it('lets no record be overtaken by a later one of its key, while others go on', async () => {
    const { port, calls } = streamOf([BUSY, null], [BUSY, null]);
    const records = [record('a', '1'), record('a', '2'), record('b', '1'), record('b', '2'), record('a', '3')];
    expect(await putRecords(records, port, always)).toEqual([]);
    expect(calls).toEqual([['a1', 'b1'], ['a1', 'b2'], ['a1'], ['a2'], ['a3']]);
  });

  it('sends a whole call again when its answer is lost', async () => {
    const { port, calls } = streamOf(new TransientError('stream', 'TimeoutError', 'no answer'));
    expect(await putRecords([record('a', '1'), record('b', '1')], port, always)).toEqual([]);
    expect(calls).toEqual([
      ['a1', 'b1'],
      ['a1', 'b1'],
    ]);
  });

  it('answers with what is left when there is no time for another call', async () => {
    const { port } = streamOf([null, BUSY], [BUSY]);
    const pauses: number[] = [];
    const pause = async (failures: number) => pauses.push(failures) < 2;
    const unsent = await putRecords([record('a', '1'), record('b', '1'), record('b', '2')], port, pause);
    expect(unsent.map((u) => [nameOf(u.record), u.reason])).toEqual([
      ['b1', BUSY],
      ['b2', BUSY],
    ]);
    expect(pauses).toEqual([1, 2]);
  });

  it('does not try again what will always fail', async () => {
    const { port, calls } = streamOf(new FatalError('stream', 'ResourceNotFoundException', 'no stream'));
    const unsent = await putRecords([record('a', '1')], port, always);
    expect(unsent.map(({ reason }) => reason)).toEqual(['ResourceNotFoundException']);
    expect(calls).toHaveLength(1);
  });

  it('keeps to 500 records and 5 MiB a call, and to 1 MiB a record', async () => {
    const many = streamOf();
    await putRecords(
      Array.from({ length: 1_100 }, (_, n) => record(`k${n}`, 'x')),
      many.port,
      always,
    );
    expect(many.calls.map((call) => call.length)).toEqual([500, 500, 100]);

    const MIB = 1024 * 1024;
    const large = streamOf();
    const records = Array.from({ length: 7 }, (_, n) => record(`k${n}`, 'x', MIB - 2));
    expect(await putRecords([...records, record('big', 'x', MIB)], large.port, always)).toMatchObject([
      { record: { partition_key: 'big' }, reason: 'record_too_large' },
    ]);
    expect(large.calls.map((call) => call.length)).toEqual([5, 2]);
  });

  it('stores every record, each key in order, whatever fails', async () => {
    const keys = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
    const faults = fc.array(fc.array(fc.boolean(), { maxLength: 3 }), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(keys, faults, async (order, failing) => {
        const stored: StreamRecord[] = [];
        let call = 0;
        const port: PutPort = {
          put: async (records) => {
            const codes = records.map((_, n) => (failing[call]?.[n] ? BUSY : null));
            call++;
            stored.push(...records.filter((_, n) => codes[n] === null));
            return codes;
          },
        };
        const records = order.map((key, n) => ({ partition_key: key, bytes: Buffer.from([n]) }));
        expect(await putRecords(records, port, always)).toEqual([]);
        for (const key of ['a', 'b', 'c']) {
          const sent = records.filter((r) => r.partition_key === key);
          expect(stored.filter((r) => r.partition_key === key)).toEqual(sent);
        }
      }),
    );
  });
});
