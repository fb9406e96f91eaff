import { FatalError, TransientError } from '../errors.ts';

/** A record that is to be sent. Records of one key keep their order. */
export interface StreamRecord {
  readonly partition_key: string;
  readonly bytes: Uint8Array;
}

/** What one call takes. */
export interface PutLimits {
  readonly records: number;
  /** Data and keys of all records. */
  readonly bytes: number;
  readonly record_bytes: number;
}

/** Kinesis PutRecords: 500 records, 1 MiB each, 5 MiB together (newer streams may take 10). */
export const KINESIS_LIMITS: PutLimits = { records: 500, bytes: 5 * 1024 * 1024, record_bytes: 1024 * 1024 };

/** One call to a stream: for each record the error code, or null where it is stored. Throws TransientError where the call failed, FatalError where it always will. */
export interface PutPort {
  put(records: readonly StreamRecord[]): Promise<ReadonlyArray<string | null>>;
}

/** A record that was not sent, and why. */
export interface Unsent {
  readonly record: StreamRecord;
  readonly reason: string;
}

/** Waits after the n-th failed call in a row; false where there is no time for another. */
export type Pause = (failures: number) => Promise<boolean>;

/**
 * Sends records, each at least once, and answers with those that could not be sent. Only failed entries are sent again. A call that fails in part
 * stores later records of it, so a call holds one record of a key at most: a failed one is never overtaken by a later one of its key.
 */
export async function putRecords(
  records: readonly StreamRecord[],
  port: PutPort,
  pause: Pause,
  limits: PutLimits = KINESIS_LIMITS,
): Promise<Unsent[]> {
  const unsent: Unsent[] = [];
  const queues = new Map<string, StreamRecord[]>();
  for (const record of records) {
    if (sizeOf(record) > limits.record_bytes) unsent.push({ record, reason: 'record_too_large' });
    else queues.set(record.partition_key, [...(queues.get(record.partition_key) ?? []), record]);
  }
  let failures = 0;
  while (queues.size > 0) {
    const wave = nextWave(queues, limits);
    const { codes, final } = await putWave(wave, port);
    wave.forEach((record, n) => {
      if (codes[n] === null) advance(queues, record.partition_key);
    });
    const failed = codes.find((code) => code !== null);
    failures = failed === undefined ? 0 : failures + 1;
    if (failed === undefined || (!final && (await pause(failures)))) continue;
    for (const queue of queues.values())
      unsent.push(...queue.map((record) => ({ record, reason: failed ?? 'unknown' })));
    return unsent;
  }
  return unsent;
}

const sizeOf = ({ partition_key, bytes }: StreamRecord): number => bytes.length + Buffer.byteLength(partition_key);

/** The first record of each key, as many as a call takes. */
function nextWave(queues: ReadonlyMap<string, readonly StreamRecord[]>, limits: PutLimits): StreamRecord[] {
  const wave: StreamRecord[] = [];
  let bytes = 0;
  for (const [record] of queues.values()) {
    if (!record) continue;
    bytes += sizeOf(record);
    if (wave.length === limits.records || bytes > limits.bytes) break;
    wave.push(record);
  }
  return wave;
}

function advance(queues: Map<string, StreamRecord[]>, key: string): void {
  const [, ...rest] = queues.get(key) ?? [];
  if (rest.length === 0) queues.delete(key);
  else queues.set(key, rest);
}

async function putWave(
  wave: readonly StreamRecord[],
  port: PutPort,
): Promise<{ readonly codes: ReadonlyArray<string | null>; readonly final: boolean }> {
  try {
    return { codes: await port.put(wave), final: false };
  } catch (error) {
    if (!(error instanceof TransientError) && !(error instanceof FatalError)) throw error;
    return { codes: wave.map(() => error.reason), final: error instanceof FatalError };
  }
}
