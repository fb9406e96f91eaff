/**
 * What the services of AWS measure of themselves, with the names and dimensions of their documentation: as far as alarms and the
 * dashboard ask for it.
 */
import type { VirtualClock } from '../../clock.ts';
import type { DirectPutObserver } from '../firehose/direct-put.ts';
import type { DeliveryStreamSettings } from '../firehose/settings.ts';
import type { DeliveryObserver, DeliveryPorts } from '../firehose/stream-delivery.ts';
import type { StreamObserver } from '../kinesis/server.ts';
import type { LambdaObserver } from '../lambda/lambda.ts';
import type { MappingObserver } from '../mapping/mapping.ts';
import type { MappingSettings } from '../mapping/settings.ts';
import { takeMetrics } from './emf.ts';
import type { MetricStore } from './store.ts';

/** A reader polls a shard once a second, whether there are records or not (Lambda developer guide; Firehose likewise). */
const READS_PER_MINUTE = 60;

type Reader = DeliveryPorts['kinesis'];
type Add = (name: string, value: number, time_ms?: number) => void;

export class ServiceMetrics {
  readonly #store: MetricStore;
  readonly #clock: VirtualClock;

  constructor(store: MetricStore, clock: VirtualClock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** AWS/Kinesis, by StreamName: puts. */
  get stream(): StreamObserver {
    return (stream, { records, bytes, throttled }) => {
      const add = this.#adder('AWS/Kinesis', { StreamName: stream });
      add('IncomingRecords', records);
      add('IncomingBytes', bytes);
      add('WriteProvisionedThroughputExceeded', throttled);
    };
  }

  /** AWS/Kinesis, by StreamName: a consumer reads the stream from now on, until what it answers is called. */
  reading(stream: string): () => void {
    const id = { namespace: 'AWS/Kinesis', name: 'GetRecords.Success', dimensions: { StreamName: stream } };
    const end = this.#store.series(id).beat(this.#clock.now(), READS_PER_MINUTE);
    return () => end(this.#clock.now());
  }

  /** AWS/Kinesis, by StreamName: how old the newest record is of those that a consumer got. */
  reader(kinesis: Reader): Reader {
    return {
      shards: (name) => kinesis.shards(name),
      last: (name, shard) => kinesis.last(name, shard),
      pending: (name, shard, after) => kinesis.pending(name, shard, after),
      subscribe: (name, listener) => kinesis.subscribe(name, listener),
      read: async (name, shard, from, limit) => {
        const records = await kinesis.read(name, shard, from, limit);
        const newest_ms = records.at(-1)?.arrived_at_ms ?? this.#clock.now();
        const add = this.#adder('AWS/Kinesis', { StreamName: name });
        add('GetRecords.IteratorAgeMilliseconds', Math.max(0, this.#clock.now() - newest_ms));
        return records;
      },
    };
  }

  /** AWS/Lambda, by FunctionName; and what functions print in the embedded metric format. */
  get functions(): LambdaObserver {
    const adderOf = (name: string): Add => this.#adder('AWS/Lambda', { FunctionName: name });
    return {
      invoked: (name, { began_ms, duration_ms, failed }) => {
        const add = adderOf(name);
        add('Invocations', 1, began_ms);
        add('Errors', Number(failed), began_ms);
        add('Duration', duration_ms, began_ms);
      },
      throttled: (name) => adderOf(name)('Throttles', 1),
      printed: (name, line) => {
        this.#logged(`/aws/lambda/${name}`);
        takeMetrics(this.#store, line);
      },
    };
  }

  /** AWS/Lambda, of an event source mapping: the age by FunctionName; counts of records, if it has them, by EventSourceMappingUUID. */
  mapping({ function_name, uuid, counts_events }: MappingSettings): MappingObserver {
    const ofFunction = this.#adder('AWS/Lambda', { FunctionName: function_name });
    const ofMapping = this.#adder('AWS/Lambda', { EventSourceMappingUUID: uuid });
    return {
      invoking: (age_ms) => ofFunction('IteratorAge', age_ms),
      gaveUp: (records, is_documented) => {
        const name = is_documented ? 'OnFailureDestinationDeliveredEventCount' : 'DroppedEventCount';
        if (counts_events) ofMapping(name, records);
      },
    };
  }

  /** AWS/Firehose, by DeliveryStreamName: a stream that reads Kinesis; and a line of its log where a call of its own fails. */
  delivery({ name, error_log }: DeliveryStreamSettings): DeliveryObserver {
    const add = this.#adder('AWS/Firehose', { DeliveryStreamName: name });
    const told = (): void => {
      if (error_log !== undefined) this.#logged(error_log);
    };
    return {
      read: (records, bytes) => {
        add('DataReadFromKinesisStream.Records', records);
        add('DataReadFromKinesisStream.Bytes', bytes);
      },
      transformed: ({ good, answered }) => {
        add('ExecuteProcessing.Success', Number(answered));
        add('SucceedProcessing.Records', good);
        if (!answered) told();
      },
      conversionFailed: (records) => add('FailedConversion.Records', records),
      delivered: (delivery) => {
        delivered(add)(delivery);
        if (!delivery.success) told();
      },
    };
  }

  /** AWS/Firehose, by DeliveryStreamName: a stream that is put into. */
  put(name: string): DirectPutObserver {
    const add = this.#adder('AWS/Firehose', { DeliveryStreamName: name });
    return {
      accepted: (records, bytes) => {
        add('IncomingRecords', records);
        add('IncomingBytes', bytes);
      },
      delivered: delivered(add),
    };
  }

  /** AWS/Scheduler, by ScheduleGroup: all are in the default group. */
  get schedules(): { attempted(): void; failed(): void } {
    const add = this.#adder('AWS/Scheduler', { ScheduleGroup: 'default' });
    return { attempted: () => add('InvocationAttemptCount', 1), failed: () => add('TargetErrorCount', 1) };
  }

  /** AWS/Logs, by LogGroupName. */
  #logged(group: string): void {
    this.#adder('AWS/Logs', { LogGroupName: group })('IncomingLogEvents', 1);
  }

  #adder(namespace: string, dimensions: Readonly<Record<string, string>>): Add {
    return (name, value, time_ms = this.#clock.now()) =>
      this.#store.series({ namespace, name, dimensions }).add(value, time_ms);
  }
}

/** The age is in seconds; of what failed no record is delivered. */
const delivered =
  (add: Add): DeliveryObserver['delivered'] =>
  ({ records, bytes, age_ms, success }) => {
    add('DeliveryToS3.Success', Number(success));
    add('DeliveryToS3.DataFreshness', Math.max(0, age_ms) / 1000);
    if (!success) return;
    add('DeliveryToS3.Records', records);
    add('DeliveryToS3.Bytes', bytes);
  };
