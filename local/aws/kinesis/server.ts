/** The Kinesis API over a store. The SDK's client speaks AWS JSON 1.1 over HTTP/2 to it, with its default settings. */
import type { Clock } from '../../clock.ts';
import { type Faults, NO_FAULTS } from '../faults.ts';
import type { Endpoint } from '../http.ts';
import { serveJson } from '../json.ts';
import { PUT_BYTES } from './input.ts';
import { FAULT, kinesisOperations } from './operations.ts';
import type { KinesisStore } from './store.ts';

/** The largest put as base64, with room for what stands around it. */
const BODY_BYTES = PUT_BYTES * 1.5;
const THROTTLE = 'ProvisionedThroughputExceededException';

export function startKinesis(
  store: KinesisStore,
  clock: Clock,
  port = 0,
  faults: Faults = NO_FAULTS,
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
    },
    port,
    faults,
  );
}
