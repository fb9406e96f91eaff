import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import type { Plan } from '../../lib/poll/plan.ts';
import { FaultInjector } from '../../local/aws/faults/injector.ts';
import { parseFaults } from '../../local/aws/faults/spec.ts';
import { VirtualClock } from '../../local/clock.ts';
import { Cloud } from '../../local/cloud.ts';
import { packageService } from '../../local/package.ts';
import { planInLake } from '../../local/run/lake.ts';
import { startCity } from '../../local/sources/city/server.ts';
import { temporaryFolder } from '../local/workbench.ts';
import { type Gateway, MISHAPS, startGateway } from './secrets/gateway.ts';
import { type Trace, tracesWith } from './secrets/search.ts';
import { tracesOf } from './secrets/traces.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Seoul's keys are letters and digits; the other characters make its spellings differ. */
const KEY = '4d5a6b71Planted/Key+With="Signs"&51';
const START_MS = Date.parse('2026-11-21T23:40:00Z');
const MINUTE_MS = 60_000;
/** So that a host that says nothing costs seconds. */
const POLL_TIMEOUT_S = 6;
/** Every service fails now and then. The second reading of the key fails, a batch is given up, a delivery ends under the error prefix. */
const FAULTS = [
  'seed=5,kinesis=0.1,firehose=0.1,dynamodb=0.1,s3=0.05,lambda.poll:killed#41',
  'ssm.GetParameter:timeout#2,ssm.GetParameter:error#3,ssm.GetParameter:throttle#4',
  ...[1, 2, 3, 4].map((n) => `lambda.bronze:timeout#${n}`),
  'mapping.silver:give_up#2',
].join(',');

interface Ran {
  readonly traces: readonly Trace[];
  readonly reasons: ReadonlySet<string>;
  readonly keyed: number;
}

/** The packaged service polls Seoul through a gateway that repeats the key, and a GBFS feed, while services fail. */
async function run(dir: string): Promise<Ran> {
  const { template, code } = await packageService({ dir, stage: 'dev', root: ROOT });
  const clock = new VirtualClock(START_MS, 0);
  const city = await startCity({ clock, seed: 3, stations: 20, seoul_stations: 60, faults: { negative_count: 0.3 } });
  const gateway = await startGateway(KEY, city);
  const said: string[] = [];
  const cloud = await Cloud.start({
    template: impatient(template, dir),
    code,
    dir,
    clock,
    environments: 1, // so that it is known which reading of the key is which
    environment: { poll: { FEED_ALLOWED_HOSTS: [city.url, gateway.url].map((url) => new URL(url).host).join(',') } },
    parameters: { '/bikelake/dev/seoul-key': KEY },
    faults: new FaultInjector(parseFaults(FAULTS)),
    warn: (message) => void said.push(message),
  });
  const { tables, bucket } = cloud.names;
  try {
    const systems = city.systems.map((s) => (s.kind === 'seoul' ? { ...s, url: gateway.url } : s));
    const plan = planInLake(join(dir, 's3', bucket), systems);
    said.push(...(await pollAll(cloud, clock, plan, gateway)));
    await cloud.drain();
  } finally {
    await cloud.close();
    await gateway.close();
    await city.close();
  }
  await settleLake(join(dir, 's3', bucket));
  const traces = await tracesOf(dir, tables);
  const reasons = new Set(
    said.flatMap((text) => [...text.matchAll(/"reason":"(\w+)"/g)].map(([, reason = '']) => reason)),
  );
  return {
    traces: [...traces, { name: 'answers and warnings', bytes: Buffer.from(said.join('\n')) }],
    reasons,
    keyed: gateway.keyed(),
  };
}

/** The template with a shorter time for a poll. */
function impatient(template: string, dir: string): string {
  const value = JSON.parse(readFileSync(template, 'utf8'));
  value.Resources.PollLambdaFunction.Properties.Timeout = POLL_TIMEOUT_S;
  const file = join(dir, 'impatient.json');
  writeFileSync(file, JSON.stringify(value));
  return file;
}

/** A minute of each mishap, the first of which also brings the stations' names, and a good one after it, so that the breaker stays closed. What the function answers, and throws. */
async function pollAll(cloud: Cloud, clock: VirtualClock, plan: Plan, gateway: Gateway): Promise<string[]> {
  const said: string[] = [];
  for (const [n, mishap] of MISHAPS.flatMap((m) => [m, null]).entries()) {
    const slot_ms = START_MS + n * MINUTE_MS;
    clock.advanceTo(slot_ms + 2_000);
    gateway.set(mishap);
    for (const group of plan.groups) {
      const input = { scheduled_time: new Date(slot_ms).toISOString(), group };
      said.push(await cloud.invoke('poll', input).then(JSON.stringify, String));
      await cloud.quiet('poll');
    }
  }
  return said;
}

describe('the Seoul key, planted', () => {
  const dir = temporaryFolder();
  let ran: Ran;
  beforeAll(async () => {
    ran = await run(dir);
  }, 180_000);

  it('is used, and everything goes wrong that should', () => {
    expect(ran.keyed).toBeGreaterThan(50);
    const expected = [
      'not_json', 'http_502', 'invalid_key', 'seoul_unknown_code', 'credentials_refused', 'too_many_redirects',
      'bad_encoding', 'connection_failed', 'timed_out', 'no_key',
    ]; // biome-ignore format: a list
    expect([...ran.reasons]).toEqual(expect.arrayContaining(expected));
    const prefixes = new Set(
      ran.traces.map(({ name }) => /^s3\/[^/]+\/(\w+(?:\/\w+)?)/.exec(name)?.[1] ?? name.split(/[/ ]/)[0]),
    );
    expect([...prefixes]).toEqual(
      expect.arrayContaining([
        'bronze/events', 'log/lane', 'quarantine/dt', 'errors/bronze', 'aws/lambda', 'silver/polls', 'gold/station_hourly',
        'logs', 'package', 'record', 'item', 'answers',
      ]),
    ); // biome-ignore format: a list
  });

  it('stands in no log line, error, metric, object, receipt, record, item, template or package', async () => {
    expect(await tracesWith(KEY, ran.traces)).toEqual([]);
  }, 120_000);
});
