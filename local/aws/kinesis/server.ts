/** The Kinesis API over a store. The SDK's client speaks AWS JSON 1.1 over HTTP/2 to it, with its default settings. */
import type { Clock } from '../../clock.ts';
import { type Faults, NO_FAULTS } from '../faults.ts';
import type { Endpoint } from '../http.ts';
import { type Input, type JsonService, serveJson } from '../json.ts';
import { PUT_BYTES } from './input.ts';
import { FAULT, kinesisOperations } from './operations.ts';
import type { KinesisStore } from './store.ts';

/** Is told of puts: records and bytes of their data that were taken, and records that were refused because there were too many. */
export type StreamObserver = (stream: string, put: { records: number; bytes: number; throttled: number }) => void;

/** The largest put as base64, with room for what stands around it. */
const BODY_BYTES = PUT_BYTES * 1.5;
const THROTTLE = 'ProvisionedThroughputExceededException';

export function startKinesis(
  store: KinesisStore,
  clock: Clock,
  port = 0,
  faults: Faults = NO_FAULTS,
  observe?: StreamObserver,
): Promise<Endpoint> {
  return serveJson(
    {
      name: 'kinesis',
      target: 'Kinesis_20131202',
      limit_bytes: BODY_BYTES,
      fault: FAULT,
      throttle: { code: THROTTLE, status: 400 },
      lists: {
        PutRecords: {
          failed: { ErrorCode: THROTTLE, ErrorMessage: 'Rate exceeded for shard.' },
          results: 'Records',
          failures: 'FailedRecordCount',
        },
      },
      handle: kinesisOperations(store, clock),
      ...(observe && { observe: observer(observe) }),
    },
    port,
    faults,
  );
}

interface Entry {
  readonly Data?: unknown;
}

/** A put of one record is a list of one; its answer has no list of results. */
function observer(observe: StreamObserver): NonNullable<JsonService['observe']> {
  return (operation, input, answer) => {
    if (operation !== 'PutRecords' && operation !== 'PutRecord') return;
    const entries = operation === 'PutRecord' ? [input] : listOf<Entry>(input.Records);
    const results = operation === 'PutRecord' ? [answer ?? {}] : listOf<object>((answer as Input | null)?.Records);
    const failures = entries.map((_, i) => (answer === null ? THROTTLE : (results[i] as Input | undefined)?.ErrorCode));
    const taken = entries.filter((_, i) => failures[i] === undefined);
    observe(streamOf(input), {
      records: taken.length,
      bytes: taken.reduce(
        (sum, { Data }) => sum + (typeof Data === 'string' ? Buffer.byteLength(Data, 'base64') : 0),
        0,
      ),
      throttled: failures.filter((failure) => failure === THROTTLE).length,
    });
  };
}

const listOf = <T>(value: unknown): readonly T[] => (Array.isArray(value) ? (value as T[]) : []);

/** By name or by ARN. */
function streamOf({ StreamName, StreamARN }: Input): string {
  if (typeof StreamName === 'string') return StreamName;
  return typeof StreamARN === 'string' ? StreamARN.slice(StreamARN.lastIndexOf('/') + 1) : '';
}
