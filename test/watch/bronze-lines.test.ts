/** The alarm bronze-errors counts the lines that the bronze function logs. */
import { expect, it, vi } from 'vitest';
import { handler } from '../../functions/bronze.ts';
import { encodeChunk } from '../../lib/stream/chunk.ts';

const SLOT_MS = Date.UTC(2026, 10, 21, 10);
const ENTRY = {
  kind: 'status',
  system_id: 'city',
  part: 0,
  parts: 1,
  fetched_at_ms: SLOT_MS,
  feed_updated_ms: null,
} as const;
const CHUNK = encodeChunk('lane', SLOT_MS, [{ ...ENTRY, lines: ['{"i":"s","h":"0123456789abcdef","b":1,"r":"{}"}'] }]);

/** What is logged, by whatever way, while these bodies are transformed. */
async function linesOf(...bodies: Uint8Array[]): Promise<unknown[][]> {
  const ways = [
    vi.spyOn(process.stdout, 'write').mockReturnValue(true),
    vi.spyOn(process.stderr, 'write').mockReturnValue(true),
    ...(['log', 'info', 'warn', 'error', 'debug'] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation(() => undefined),
    ),
  ];
  const kinesisRecordMetadata = {
    shardId: 'shardId-000000000000',
    sequenceNumber: '1',
    approximateArrivalTimestamp: SLOT_MS,
  };
  const records = bodies.map((body, n) => ({
    recordId: String(n),
    data: Buffer.from(body).toString('base64'),
    kinesisRecordMetadata,
  }));
  try {
    await handler({ records } as never, {} as never);
    return ways.flatMap((way) => way.mock.calls as unknown[][]);
  } finally {
    for (const way of ways) way.mockRestore();
  }
}

it('there is none where all is well', async () => {
  expect(await linesOf(CHUNK, CHUNK)).toEqual([]);
});

it('there is one for each record that is left to the error prefix', async () => {
  const lines = await linesOf(CHUNK, Buffer.from('no chunk'), Buffer.from('nor this'));
  expect(lines).toMatchObject([
    [{ message: 'left to the error prefix', record_id: '1' }],
    [{ message: 'left to the error prefix', record_id: '2' }],
  ]);
});
