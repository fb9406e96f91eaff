import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { Cloud } from '../../local/cloud.ts';
import { packageService, type ServicePackage } from '../../local/package.ts';
import { planInLake } from '../../local/run/lake.ts';
import { parseOptions, type RunOptions } from '../../local/run/options.ts';
import { replaySource } from '../../local/run/replay-source.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SYSTEM = 'town';
/** 2026-11-21T23:50:00Z: the polls go over a UTC midnight. */
const START_MS = Date.UTC(2026, 10, 21, 23, 50);
const STATIONS = 12;

/** What is broken while some polls go through the pipeline. */
export interface Broken {
  /** The Silver function writes into a bucket that isn't there, and batches are given up at the first failure. */
  readonly silver?: true;
  /** The Bronze function fails for every record. */
  readonly bronze?: true;
  /** The Glue table has another type for a column than the rows. */
  readonly column?: true;
  /** The run ends before anything is delivered, and the delivery stream is replaced by a new one. */
  readonly delivery?: true;
  /** The run ends before all is delivered; what is under way is left to the next one. */
  readonly undrained?: true;
  /** Functions of another version: their folder by name. */
  readonly code?: ServicePackage['code'];
}

/** A state folder in which a small town is polled through the real, packaged pipeline; some polls while something is broken. */
export class Town {
  readonly dir: string;
  readonly lake: string;
  /** Who is polled; each has stations of its own. */
  systems: readonly string[];
  #package: ServicePackage | undefined;

  constructor(dir: string, systems: readonly string[] = [SYSTEM]) {
    this.dir = dir;
    this.systems = systems;
    this.lake = join(dir, 's3', 'bikelake-dev-lake');
  }

  /** The package of another town: packaging takes seconds. */
  packagedAs(other: Town): this {
    cpSync(join(other.dir, 'package'), join(this.dir, 'package'), { recursive: true, preserveTimestamps: true });
    return this;
  }

  /** Polls of the minutes from one to another (excluded), drained; unless the run is said to end before. */
  async poll(from: number, to: number, broken: Broken = {}): Promise<void> {
    this.#package ??= await packageService({ dir: this.dir, stage: 'dev', root: ROOT });
    const files = this.systems.map((system) => {
      const file = join(this.dir, 'recordings', String(from), `${system}.ndjson`); // the system is called as the file
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, recording(from, to, system === SYSTEM ? 's' : `${system}-s`));
      return file;
    });
    const options = parseOptions(['--dir', this.dir, ...files.flatMap((file) => ['--replay', file])]) as RunOptions;
    const source = await replaySource(options);
    const cloud = await Cloud.start({
      ...this.#broken(this.#package, broken),
      dir: this.dir,
      clock: source.clock,
      environment: {
        poll: { FEED_ALLOWED_HOSTS: source.allowed_hosts.join(',') },
        ...(broken.silver && { silver: { BUCKET_NAME: 'no-such-bucket' } }),
      },
      warn: () => undefined,
    });
    try {
      const plan = planInLake(this.lake, source.systems);
      const ready = async (): Promise<void> => undefined;
      await source.drive?.(plan, (name, payload) => cloud.invoke(name, payload), ready, new AbortController().signal);
      if (!broken.delivery && !broken.undrained) await cloud.drain();
    } finally {
      writeFileSync(join(this.dir, 'clock.json'), JSON.stringify({ now_ms: source.clock.now() }));
      await cloud.close();
      await source.close();
    }
    if (broken.delivery) rmSync(join(this.dir, 'firehose', 'bikelake-dev-bronze.json'));
  }

  async settle(): Promise<void> {
    await settleLake(this.lake);
  }

  #broken({ template, code }: ServicePackage, broken: Broken): ServicePackage {
    const room = join(this.dir, 'broken');
    mkdirSync(join(room, 'bronze', 'functions'), { recursive: true });
    const resources = JSON.parse(readFileSync(template, 'utf8'));
    const { SilverMapping, BronzeTable, BronzeLambdaFunction } = resources.Resources;
    if (broken.silver)
      Object.assign(SilverMapping.Properties, { MaximumRetryAttempts: 0, BisectBatchOnFunctionError: false });
    if (broken.column) {
      const columns = BronzeTable.Properties.TableInput.StorageDescriptor.Columns as { Name: string; Type: string }[];
      const bikes = columns.find(({ Name }) => Name === 'num_bikes_available');
      if (bikes !== undefined) bikes.Type = 'boolean';
    }
    const [module = ''] = String(BronzeLambdaFunction.Properties.Handler).split('.handler');
    mkdirSync(join(room, 'bronze', module, '..'), { recursive: true });
    writeFileSync(join(room, 'bronze', `${module}.js`), BROKEN_BRONZE);
    writeFileSync(join(room, 'package.json'), '{}');
    const file = join(room, 'template.json');
    writeFileSync(file, JSON.stringify(resources));
    const versionOf = broken.code ?? code;
    return {
      template: file,
      code: (name) => (broken.bronze && name === 'bronze' ? join(room, 'bronze') : versionOf(name)),
    };
  }
}

const BROKEN_BRONZE = `exports.handler = async ({ records }) => ({
  records: records.map(({ recordId, data }) => ({ recordId, result: 'ProcessingFailed', data })),
});`;

/** Each station changes every third minute. `prefix`: what the ids of its stations begin with. */
function recording(from: number, to: number, prefix: string): string {
  const lines = Array.from({ length: to - from }, (_, i) => {
    const minute = from + i;
    const time_ms = START_MS + minute * 60_000;
    const stations = Array.from({ length: STATIONS }, (_unused, s) => ({
      station_id: `${prefix}${s}`,
      num_bikes_available: Math.floor((minute + s) / 3) % 10,
      num_docks_available: 10 - (Math.floor((minute + s) / 3) % 10),
      is_installed: true,
      is_renting: true,
      is_returning: true,
      last_reported: time_ms / 1000 - 5,
    }));
    const body = { last_updated: time_ms / 1000, ttl: 60, version: '2.3', data: { stations } };
    return `${JSON.stringify({ fetched_at: new Date(time_ms).toISOString(), body })}\n`;
  });
  return lines.join('');
}
