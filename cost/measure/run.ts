import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { Cloud } from '../../local/cloud.ts';
import type { ServicePackage } from '../../local/package.ts';
import { planInLake } from '../../local/run/lake.ts';
import { openDoor } from './door.ts';
import { folderOf } from './folders.ts';
import { type Call, Meter, type Tally } from './meter.ts';
import type { Workload } from './workload.ts';

/** What a workload did in its slots, after a few that warmed it up. Counts and bytes are sums over the slots. */
export interface Measured {
  readonly slots: number;
  readonly groups: number;
  readonly feeds: number;
  readonly lanes: number;
  readonly stations: number;
  readonly status_events: number;
  readonly information_events: number;
  readonly counts: Tally;
}

interface Receipt {
  readonly feed: string;
  readonly status: string;
  readonly accepted: number;
}

const MINUTE_MS = 60_000;
/** Real time: counters that stand still so long are at rest. */
const REST_MS = 60;
const REST_LIMIT_MS = 30_000;
/** The first polls fetch everything, and make the chains. */
const WARM_SLOTS = 3;

/** The stage whose template is measured. */
export const STAGE = 'prod';
const SERVICES = ['kinesis', 'firehose', 'dynamodb', 's3', 'ssm'] as const satisfies Call['service'][];

/**
 * Runs a workload through the packaged functions on the embedded AWS, a poll of each group a minute on a driven clock, with a door before
 * every endpoint that the functions call. What AWS bills is counted at the doors, in the lake's folder and in the functions' logs.
 * Throws where a poll failed: a unit of a run with failures means nothing.
 */
export async function measure(workload: Workload, code: ServicePackage, slots: number): Promise<Measured> {
  const dir = mkdtempSync(join(tmpdir(), 'bikelake-cost-'));
  const meter = new Meter();
  const closers: (() => Promise<unknown>)[] = [
    () => rmTree(dir),
    workload.close, // before the folder goes
  ];
  try {
    let cloud: Cloud | undefined;
    const doors: Record<string, string> = {};
    for (const service of SERVICES) {
      const name = `AWS_ENDPOINT_URL_${service.toUpperCase()}`;
      const door = await openDoor(
        service,
        () => cloud?.endpoints[name] ?? '',
        (call) => meter.count(call),
      );
      closers.push(() => door.close());
      doors[name] = door.url;
    }
    cloud = await Cloud.start({
      template: code.template,
      code: code.code,
      dir,
      clock: workload.clock,
      environments: 1, // as many as a function has that is invoked once a minute
      environment: {
        poll: { ...doors, FEED_ALLOWED_HOSTS: workload.allowed_hosts.join(',') },
        silver: doors,
        bronze: doors,
      },
      parameters: { [`/bikelake/${STAGE}/seoul-key`]: workload.seoul_key },
    });
    closers.push(() => (cloud as Cloud).close());
    return await run(cloud, workload, meter, dir, slots);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function run(cloud: Cloud, workload: Workload, meter: Meter, dir: string, slots: number): Promise<Measured> {
  const lake = join(dir, 's3', cloud.names.bucket);
  const plan = planInLake(lake, workload.systems);
  const lanes = new Set(plan.groups.flatMap(({ systems }) => systems.flatMap((system) => system.lanes)));
  const polled = { status: 0, information: 0 };
  const slot = async (): Promise<void> => {
    workload.clock.advanceTo(workload.clock.now() + MINUTE_MS); // the windows of the slot before end
    await atRest(cloud);
    await workload.show();
    const scheduled_time = new Date(workload.clock.now()).toISOString();
    for (const group of plan.groups) {
      const { receipts } = (await cloud.invoke('poll', { scheduled_time, group })) as { receipts: Receipt[] };
      for (const { feed, status, accepted } of receipts) {
        if (status !== 'ok' && status !== 'not_modified')
          throw new Error(`a poll of ${feed} at ${scheduled_time} is ${status}: measure again`);
        polled[feed === 'station_status' ? 'status' : 'information'] += accepted;
      }
    }
  };

  /** After it, every record that was put is read by both who read the stream. */
  const pass = async (): Promise<void> => {
    workload.clock.advanceTo(workload.clock.now() + MINUTE_MS);
    await atRest(cloud);
  };

  for (let n = 0; n < WARM_SLOTS; n++) await slot();
  await pass();
  meter.take();
  Object.assign(polled, { status: 0, information: 0 });
  const before = await state(cloud, workload, dir, lake);
  for (let n = 0; n < slots; n++) await slot();
  await pass();
  const after = await state(cloud, workload, dir, lake);
  const counts = { ...meter.take(), ...difference(after, before) };
  await cloud.drain();
  return {
    slots,
    groups: plan.groups.length,
    feeds: workload.systems.length,
    lanes: lanes.size,
    stations: workload.systems.reduce((sum, { stations }) => sum + (stations ?? 0), 0),
    status_events: polled.status,
    information_events: polled.information,
    counts: { ...counts, ...(await lakeOf(cloud, lake, slots / (slots + WARM_SLOTS))) },
  };
}

/** What stands in counters, logs and folders by now. */
async function state(cloud: Cloud, workload: Workload, dir: string, lake: string): Promise<Tally> {
  const { functions } = cloud.counters();
  const cpu_us = await cloud.cpu_us();
  const log = folderOf(join(lake, 'log'));
  return {
    feed_requests: workload.requests(),
    log_objects: log.files,
    log_bytes: log.bytes,
    ...Object.fromEntries(
      Object.entries(functions).flatMap(([name, { invocations }]) => [
        [`${name}_invocations`, invocations],
        [`${name}_cpu_ms`, (cpu_us[name] ?? 0) / 1000],
        [`${name}_console_bytes`, sizeOf(join(dir, 'logs', `${name}.log`))],
      ]),
    ),
  };
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** What the whole run left in the lake, as the share of it that the measured slots have: Bronze, and what is settled of it. */
async function lakeOf(cloud: Cloud, lake: string, share: number): Promise<Tally> {
  const bronze = folderOf(join(lake, 'bronze'));
  const { rows } = cloud.counters().bronze;
  const began = process.cpuUsage();
  await settleLake(lake);
  const { user, system } = process.cpuUsage(began);
  return {
    bronze_rows: rows * share,
    bronze_bytes: bronze.bytes * share,
    silver_bytes: folderOf(join(lake, 'silver')).bytes * share,
    gold_bytes: folderOf(join(lake, 'gold')).bytes * share,
    settle_cpu_ms: ((user + system) / 1000) * share,
  };
}

/** Resolves once what came before is through the mapping and the transform: at a window's end both have work of a moment. */
async function atRest(cloud: Cloud): Promise<void> {
  const figures = (): string => JSON.stringify([cloud.counters().functions, cloud.backlog().stream_records]);
  const until_ms = performance.now() + REST_LIMIT_MS;
  for (let last = ''; ; await pause(REST_MS)) {
    await cloud.quiet('silver');
    await cloud.quiet('bronze');
    const now = figures();
    if (now === last && cloud.backlog().stream_records === 0) return;
    if (performance.now() > until_ms) throw new Error(`the stream is not read to its end: ${now}`);
    last = now;
  }
}

function difference(after: Tally, before: Tally): Tally {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]));
}

async function rmTree(dir: string): Promise<void> {
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}
