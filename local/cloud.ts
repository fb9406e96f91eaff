import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../lib/errors.ts';
import { Alarms } from './aws/cloudwatch/alarms.ts';
import { startCloudWatch } from './aws/cloudwatch/server.ts';
import { ServiceMetrics } from './aws/cloudwatch/service-metrics.ts';
import { MetricStore } from './aws/cloudwatch/store.ts';
import { startDynamoDb, type TableProperties } from './aws/dynamodb/server.ts';
import type { Faults } from './aws/faults.ts';
import { DirectPutDelivery } from './aws/firehose/direct-put.ts';
import { startFirehose } from './aws/firehose/server.ts';
import type { DeliveryStreamSettings, GlueTable } from './aws/firehose/settings.ts';
import { type DeliveryPorts, StreamDelivery } from './aws/firehose/stream-delivery.ts';
import { startKinesis } from './aws/kinesis/server.ts';
import { KinesisStore } from './aws/kinesis/store.ts';
import { Lambda } from './aws/lambda/lambda.ts';
import { EventSourceMapping } from './aws/mapping/mapping.ts';
import { REGION } from './aws/names.ts';
import { keepExpiring } from './aws/s3/lifecycle.ts';
import { startS3 } from './aws/s3/server.ts';
import { S3Store } from './aws/s3/store.ts';
import { Scheduler } from './aws/scheduler/scheduler.ts';
import type { Schedule } from './aws/scheduler/settings.ts';
import { seededChance } from './aws/seeded.ts';
import { startSsm } from './aws/ssm/server.ts';
import type { VirtualClock } from './clock.ts';
import { takeStateFolder } from './state-folder.ts';
import { textOf } from './template/text.ts';
import { readTemplate, type Stack } from './template.ts';

export interface CloudOptions {
  /** Path of the compiled CloudFormation template. */
  readonly template: string;
  /** Folder of a function's package, by what serverless.yml calls the function. */
  readonly code: (function_name: string) => string;
  /** The state folder. */
  readonly dir: string;
  readonly clock: VirtualClock;
  /** Environment variables of single functions, over those of the template. */
  readonly environment?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** SSM parameters: name → value. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** In place of the template's. */
  readonly schedules?: readonly Schedule[];
  readonly seed?: number;
  /** Most execution environments of a function. */
  readonly environments?: number;
  /** What goes wrong; nothing if it isn't given. */
  readonly faults?: Faults;
  /** What a person should know while it runs; stderr if it isn't given. */
  readonly warn?: (message: string) => void;
}

/** Names of what the template defines: the stream that a delivery stream reads, and the bucket that it writes. */
export interface CloudNames {
  readonly stream: string;
  readonly bucket: string;
  readonly tables: readonly string[];
  readonly functions: readonly string[];
  readonly delivery_streams: readonly string[];
}

export interface Backlog {
  /** Records of the stream that the event source mappings have not done. */
  readonly stream_records: number;
  /** Records of the stream that the delivery streams have not delivered. */
  readonly bronze_records: number;
  /** Records that were put into delivery streams, and are not delivered. */
  readonly put_records: number;
}

export interface Counters {
  /** By what serverless.yml calls the function. */
  readonly functions: Readonly<Record<string, { readonly invocations: number; readonly errors: number }>>;
  readonly schedules: { readonly fired: number; readonly twice: number; readonly missed: number };
  /** Records of the event source mappings. */
  readonly mapping: { readonly done: number; readonly given_up: number };
  /** Of delivery streams that read the stream: records of the stream, rows and objects delivered; records and documents that failed. */
  readonly bronze: { readonly records: number; readonly rows: number; readonly files: number; readonly failed: number };
  /** Of delivery streams that are put into. */
  readonly put: { readonly records: number; readonly files: number };
}

interface Services {
  readonly stack: Stack;
  readonly lambda: Lambda;
  readonly mappings: readonly EventSourceMapping[];
  readonly deliveries: readonly StreamDelivery[];
  readonly direct: readonly DirectPutDelivery[];
  readonly scheduler: Scheduler;
  readonly metrics: MetricStore;
  readonly alarms: Alarms;
}

/** The embedded AWS: what a compiled template defines, run on this machine. */
export class Cloud {
  /** `AWS_ENDPOINT_URL_<SERVICE>` → URL. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** What of the template can't be honoured here, a line each. */
  readonly notices: readonly string[];
  readonly names: CloudNames;
  readonly #services: Services;
  readonly #schedules: readonly Schedule[];
  readonly #closers: readonly (() => unknown)[];
  #closing: Promise<void> | undefined;

  private constructor(
    services: Services,
    endpoints: Readonly<Record<string, string>>,
    schedules: readonly Schedule[],
    closers: readonly (() => unknown)[],
  ) {
    this.#services = services;
    this.endpoints = endpoints;
    this.notices = services.stack.notices;
    this.names = namesOf(services.stack);
    this.#schedules = schedules;
    this.#closers = closers;
  }

  /**
   * Starts everything but the schedules. State of an earlier run in the folder goes on where it stopped.
   * Throws FatalError where the folder is in use, or of another version.
   */
  static async start(options: CloudOptions): Promise<Cloud> {
    const closers: (() => unknown)[] = [];
    try {
      return await startCloud(options, closers);
    } catch (error) {
      await closeAll(closers);
      throw diskError(error, options.dir);
    }

    async function startCloud(o: CloudOptions, closing: (() => unknown)[]): Promise<Cloud> {
      closing.push(takeStateFolder(o.dir));
      const stack = readTemplate(o.template);
      const { faults } = o;
      const warn = o.warn ?? ((message: string) => void process.stderr.write(`${message}\n`));
      const kinesis = await KinesisStore.open(o.dir, o.clock, faults);
      closing.push(() => kinesis.close());
      for (const stream of stack.streams) {
        // A driven clock jumps over years between recordings: nothing may expire that was not read yet.
        const retention_hours = o.clock.speed === 0 ? FOR_EVER_HOURS : stream.retention_hours;
        await kinesis.createStream({ ...stream, retention_hours });
      }
      const s3 = await S3Store.open(o.dir, o.clock, faults);
      for (const bucket of stack.buckets) await s3.createBucket(bucket);
      // As with the stream: where the clock jumps over years, nothing may expire that was not brought back yet.
      if (o.clock.speed !== 0) closing.push(await keepExpiring(s3, stack.expiry, o.clock));
      const dynamodb = await startDynamoDb(o.dir, 0, faults);
      closing.push(() => dynamodb.close());
      for (const table of stack.tables) await dynamodb.createTable(table as unknown as TableProperties);

      const metrics = new MetricStore();
      const measured = new ServiceMetrics(metrics, o.clock);
      const chance = seededChance(o.seed ?? 1);
      let lambda: Lambda | undefined;
      const invoke: DeliveryPorts['invoke'] = (name, payload) => (lambda as Lambda).invoke(name, payload);
      const ports = {
        kinesis: measured.reader(kinesis),
        s3,
        clock: o.clock,
        dir: o.dir,
        warn,
        invoke,
        ...(faults && { faults }),
      };
      const direct = stack.delivery_streams
        .filter(({ source }) => source === null)
        .map((settings) => new DirectPutDelivery(settings, ports, faults, measured.put(settings.name)));
      closing.push(() => Promise.all(direct.map((stream) => stream.close())));
      const endpoints = {
        AWS_ENDPOINT_URL_DYNAMODB: dynamodb.url,
        ...(await serve(closing, {
          KINESIS: () => startKinesis(kinesis, o.clock, 0, faults, measured.stream),
          S3: () => startS3(s3, 0, faults),
          CLOUDWATCH: () => startCloudWatch(metrics, o.clock),
          SSM: () => startSsm(o.parameters ?? {}, 0, faults),
          FIREHOSE: () =>
            startFirehose(
              stack.delivery_streams.map(({ name, source }) => {
                const stream = direct.find((d) => d.name === name);
                if (source !== null || stream === undefined) return { name, type: 'KinesisStreamAsSource' as const };
                return { name, type: 'DirectPut' as const, put: (records: readonly Buffer[]) => stream.put(records) };
              }),
              0,
              faults,
            ),
        })),
      };
      lambda = new Lambda({
        functions: stack.functions,
        asynchronous: stack.asynchronous,
        code: o.code,
        variables: { ...endpoints, ...NOWHERE_ELSE },
        ...(o.environment && { environment: o.environment }),
        clock: o.clock,
        log_dir: join(o.dir, 'logs'),
        chance,
        environments: o.environments ?? 2,
        observe: measured.functions,
        ...(faults && { faults }),
      });
      const running = lambda;
      closing.push(() => running.close());
      // The delivery streams before all that writes into the stream: they begin at its newest record.
      const deliveries = stack.delivery_streams
        .filter(({ source }) => source !== null)
        .map((settings) => {
          const observed = { ...ports, observe: measured.delivery(settings) };
          closing.push(measured.reading(settings.source ?? ''));
          return new StreamDelivery(settings, tableOf(settings, stack.glue_tables), observed);
        });
      closing.push(() => Promise.all(deliveries.map((delivery) => delivery.close())));
      const putObject = (bucket: string, key: string, body: Buffer): Promise<unknown> => s3.put(bucket, key, body);
      const nameOf = (name: string): string => stack.functions.find((f) => f.name === name)?.short_name ?? name;
      const portsAt = (place: string) => ({ ...ports, putObject, place });
      const mappings = stack.mappings.map((settings) => {
        if (settings.enabled) closing.push(measured.reading(settings.stream));
        const observed = portsAt(`mapping.${nameOf(settings.function_name)}`);
        return new EventSourceMapping(settings, { ...observed, observe: measured.mapping(settings) });
      });
      closing.push(() => Promise.all(mappings.map((mapping) => mapping.close())));
      const invokeAsync = (name: string, payload: Uint8Array): Promise<void> => running.invokeAsync(name, payload);
      const scheduler = new Scheduler({ ...ports, invokeAsync, chance, observe: measured.schedules });
      closing.push(() => scheduler.stop());
      const alarms = new Alarms(metrics, { metric: stack.alarms, composite: stack.composite_alarms }, o.clock.now());
      const file = join(o.dir, 'endpoints.json');
      const run = { pid: process.pid, region: REGION, endpoints, environment: o.environment ?? {} };
      writeFileSync(file, `${JSON.stringify(run, null, 2)}\n`);
      closing.push(() => rmSync(file, { force: true }));
      return new Cloud(
        { stack, lambda, mappings, deliveries, direct, scheduler, metrics, alarms },
        endpoints,
        o.schedules ?? stack.schedules,
        closing,
      );
    }
  }

  /** Synchronous invocation of a function; throws with its error type and message if it fails. */
  async invoke(function_name: string, payload: unknown): Promise<unknown> {
    const bytes = Buffer.from(JSON.stringify(payload ?? null));
    const answer = await this.#services.lambda.invoke(function_name, bytes);
    const value = JSON.parse(Buffer.from(answer.payload).toString('utf8')) as unknown;
    if (answer.function_error === null) return value;
    const { errorType, errorMessage } = value as { errorType: string; errorMessage: string };
    throw new Error(`function ${function_name}: ${errorType}: ${errorMessage}`);
  }

  /** From now on functions are invoked by these schedules; by those of the template, if none are given. */
  startSchedules(schedules = this.#schedules): void {
    this.#services.scheduler.start(schedules);
  }

  /** No further poll begins; resolves when those in flight came to their end. */
  async stopSchedules(): Promise<void> {
    await this.#services.scheduler.stop();
    this.#services.lambda.dropEvents();
  }

  /** Resolves once no invocation of a function is under way, also none that counts as failed and goes on. */
  async quiet(function_name: string): Promise<void> {
    await this.#services.lambda.quiet(function_name);
  }

  /** Whether nothing is under way at this instant of the clock: no invocation, no delivery of the stream. */
  isIdle(): boolean {
    const { lambda, deliveries } = this.#services;
    return lambda.isIdle() && deliveries.every((delivery) => delivery.isIdle());
  }

  backlog(): Backlog {
    const { mappings, deliveries, direct } = this.#services;
    return {
      stream_records: mappings.reduce((sum, mapping) => sum + mapping.backlog(), 0),
      bronze_records: deliveries.reduce((sum, delivery) => sum + delivery.backlog(), 0),
      put_records: direct.reduce((sum, stream) => sum + stream.backlog(), 0),
    };
  }

  counters(): Counters {
    const { lambda, scheduler, mappings, deliveries, direct } = this.#services;
    return {
      functions: lambda.counters(),
      schedules: scheduler.counters(),
      mapping: total(mappings, { done: 0, given_up: 0 }),
      bronze: total(deliveries, { records: 0, rows: 0, files: 0, failed: 0 }),
      put: total(direct, { records: 0, files: 0 }),
    };
  }

  /** Processor time of the functions' environments, by what serverless.yml calls the function, microseconds. */
  cpu_us(): Promise<Readonly<Record<string, number>>> {
    return this.#services.lambda.cpu_us();
  }

  /** Resolves once everything that is in the stream and in the buffers is consumed and delivered: windows and intervals count as over. */
  async drain(): Promise<void> {
    const { lambda, mappings, deliveries, direct } = this.#services;
    await lambda.quiet(); // what counts as failed and goes on may still put something
    await Promise.all([...mappings, ...deliveries].map((consumer) => consumer.drain()));
    await lambda.quiet();
    await Promise.all(direct.map((stream) => stream.drain()));
  }

  /** The metrics of this run. */
  get metrics(): MetricStore {
    return this.#services.metrics;
  }

  /** The template's alarms: evaluated when they are told to. */
  get alarms(): Alarms {
    return this.#services.alarms;
  }

  /** Ends the functions' idle environments, and so frees their memory. */
  async reclaim(): Promise<void> {
    await this.#services.lambda.reclaim();
  }

  /** Ends cleanly: what is in flight comes to its end, what is buffered is delivered by the next run. */
  async close(): Promise<void> {
    this.#closing ??= closeAll(this.#closers);
    await this.#closing;
  }
}

const FOR_EVER_HOURS = 24 * 36_525;

/** Services that aren't run here must not be looked for on the real AWS. */
const NOWHERE_ELSE = { AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_EC2_METADATA_DISABLED: 'true' };

async function serve(
  closing: (() => unknown)[],
  servers: Readonly<Record<string, () => Promise<{ url: string; close(): Promise<void> }>>>,
): Promise<Record<string, string>> {
  const endpoints: Record<string, string> = {};
  for (const [service, start] of Object.entries(servers)) {
    const server = await start();
    closing.push(() => server.close());
    endpoints[`AWS_ENDPOINT_URL_${service}`] = server.url;
  }
  return endpoints;
}

/** The last that was started ends first. */
async function closeAll(closers: readonly (() => unknown)[]): Promise<void> {
  for (const close of [...closers].reverse()) await close();
}

function namesOf(stack: Stack): CloudNames {
  const bronze = stack.delivery_streams.find(({ source }) => source !== null);
  return {
    stream: bronze?.source ?? stack.streams[0]?.name ?? '',
    bucket: bronze?.bucket ?? stack.buckets[0] ?? '',
    tables: stack.tables.map(({ TableName }) => textOf(TableName)),
    functions: stack.functions.map(({ name }) => name),
    delivery_streams: stack.delivery_streams.map(({ name }) => name),
  };
}

function tableOf({ name, conversion }: DeliveryStreamSettings, tables: readonly GlueTable[]): GlueTable | null {
  if (conversion === null) return null;
  const found = tables.find((t) => t.database === conversion.database && t.name === conversion.table);
  if (found) return found;
  throw new FatalError(
    'local',
    'no_table',
    `delivery stream ${name} converts to Glue table ${conversion.database}.${conversion.table}, which the template doesn't define`,
  );
}

function total<T extends Record<string, number>>(parts: readonly { counters(): T }[], zero: T): T {
  const sums: Record<string, number> = { ...zero };
  for (const part of parts) {
    for (const [name, value] of Object.entries(part.counters())) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums as T;
}

function diskError(error: unknown, dir: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') return error;
  const message = `${dir}: the disk is full: free space, or choose a folder on another disk by --dir`;
  return new FatalError('local', 'disk_full', message, { cause: error });
}
