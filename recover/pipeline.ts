import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { type SettleReport, settleLake } from '../jobs/duckdb/settle.ts';
import { FatalError } from '../lib/errors.ts';
import { isAlive } from '../local/alive.ts';
import { VirtualClock } from '../local/clock.ts';
import { Cloud } from '../local/cloud.ts';
import { packageService } from '../local/package.ts';
import { textOf } from '../local/template/text.ts';
import { readTemplate } from '../local/template.ts';
import { S3Objects } from './objects.ts';
import { startServices } from './services.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** The stage that a run on this machine packages. */
const LOCAL_STAGE = 'dev';

/** What the compiled template calls things. */
export interface PipelineNames {
  readonly stream: string;
  readonly bucket: string;
  readonly checkpoints: string;
  /** The table of what groups remember between polls. */
  readonly polls: string;
  /** How long the stream keeps a record, as the template says it: a replay's keeps everything. */
  readonly retention_hours: number;
}

/** A pipeline whose data is brought back: that of a state folder, or one on AWS. */
export interface Pipeline {
  readonly names: PipelineNames;
  /** The state folder that is open, or the run that has it open, or a stage on AWS. */
  readonly where: 'folder' | 'run' | 'stage';
  /** The lake as a folder of this machine; null: on AWS. */
  readonly lake_folder: string | null;
  /** One line: which pipeline it is. */
  readonly title: string;
  readonly lake: S3Objects;
  readonly s3: S3Client;
  readonly kinesis: KinesisClient;
  readonly dynamodb: DynamoDBClient;
  /** UTC epoch ms: the pipeline's own clock, which a replay leaves in the past. */
  readonly now_ms: () => number;
  /** True where all that was under way came to its end before the command began: nothing is delivered any more but what the command puts. */
  readonly is_drained: boolean;
  /**
   * Lets what was put go all the way, and settles what it touched; nothing more may be asked of the pipeline. null where others do that: the
   * pipeline on AWS, or the run that has the state folder open.
   */
  finish(): Promise<SettleReport | null>;
  close(): Promise<void>;
}

export type PipelineChoice =
  | {
      readonly dir: string;
      /** Refuse a folder that a run has open: its clock isn't known here, so that nobody can say what is still under way. */
      readonly alone?: boolean;
      /** Deliver what is under way first. */
      readonly drained?: boolean;
      readonly stage?: never;
    }
  | { readonly stage: string; readonly dir?: never };

/** Opens the pipeline of a state folder (`dir`), or of a stage on AWS, with the credentials that the SDK finds. */
export function openPipeline(choice: PipelineChoice): Promise<Pipeline> {
  return choice.stage === undefined
    ? openFolder(choice.dir, choice.alone ?? false, choice.drained ?? false)
    : openStage(choice.stage);
}

const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

interface RunningRun {
  readonly pid: number;
  readonly region: string;
  readonly endpoints: Readonly<Record<string, string>>;
}

async function openFolder(dir: string, alone: boolean, drained: boolean): Promise<Pipeline> {
  if (!existsSync(join(dir, 'version.json'))) {
    throw new FatalError(
      'local',
      'no_state',
      `${dir} is no state folder: run npm start first, or name its folder by --dir`,
    );
  }
  const run = runningRun(dir);
  if (run !== null && alone) {
    const message = `${dir}: a run has it open (process ${run.pid}): end that run first, the command must see all that is under way come to its end`;
    throw new FatalError('local', 'state_in_use', message);
  }
  const { template, code } = await packageService({ dir, stage: LOCAL_STAGE, root: ROOT });
  const names = namesOf(template);
  if (run !== null)
    return {
      ...clients(names, run.endpoints, run.region),
      names,
      where: 'run',
      lake_folder: join(dir, 's3', names.bucket),
      title: `the run that has ${dir} open`,
      now_ms: Date.now,
      is_drained: false,
      finish: async () => null,
    };
  // Driven: nothing expires while it is open, and windows and intervals count as over when it is drained.
  const clock = new VirtualClock(lastClock(dir), 0);
  const drain = async (): Promise<void> => {
    const cloud = await Cloud.start({ template, code, dir, clock });
    try {
      await cloud.drain();
    } finally {
      await cloud.close();
    }
  };
  if (drained) await drain();
  // Only what keeps data: functions and delivery streams stand still, so that looking changes nothing.
  const services = await startServices(template, dir, clock);
  const connected = clients(names, services.endpoints, 'us-east-1');
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= connected.close().then(() => services.close());
    return closing;
  };
  return {
    ...connected,
    names,
    where: 'folder',
    lake_folder: join(dir, 's3', names.bucket),
    title: `the state folder ${dir}`,
    now_ms: () => clock.now(),
    is_drained: drained,
    finish: async () => {
      await close();
      await drain();
      return settleLake(join(dir, 's3', names.bucket));
    },
    close,
  };
}

async function openStage(stage: string): Promise<Pipeline> {
  const dir = mkdtempSync(join(tmpdir(), 'bikelake-names-'));
  try {
    const { template } = await packageService({ dir, stage, root: ROOT });
    const names = namesOf(template);
    return {
      ...clients(names, {}, undefined),
      names,
      where: 'stage',
      lake_folder: null,
      title: `stage ${stage} on AWS`,
      now_ms: Date.now,
      is_drained: false,
      finish: async () => null,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The run that has a state folder open; null where none has. */
function runningRun(dir: string): RunningRun | null {
  const file = join(dir, 'endpoints.json');
  if (!existsSync(file)) return null;
  const run = JSON.parse(readFileSync(file, 'utf8')) as RunningRun;
  return isAlive(run.pid) ? run : null;
}

function clients(names: PipelineNames, endpoints: Readonly<Record<string, string>>, region: string | undefined) {
  const local = (service: string) => {
    const endpoint = endpoints[`AWS_ENDPOINT_URL_${service}`];
    return { ...(region && { region }), ...(endpoint && { endpoint, credentials: LOCAL_CREDENTIALS }) };
  };
  const s3 = new S3Client({ ...local('S3'), ...(endpoints.AWS_ENDPOINT_URL_S3 && { forcePathStyle: true }) });
  const kinesis = new KinesisClient(local('KINESIS'));
  const dynamodb = new DynamoDBClient(local('DYNAMODB'));
  return {
    s3,
    kinesis,
    dynamodb,
    lake: new S3Objects(s3, names.bucket),
    close: async () => {
      for (const client of [s3, kinesis, dynamodb]) client.destroy();
    },
  };
}

function namesOf(template: string): PipelineNames {
  const stack = readTemplate(template);
  const tables = stack.tables.map(({ TableName }) => textOf(TableName));
  const checkpoints = tables.find((name) => name.endsWith('-checkpoints'));
  const polls = tables.find((name) => name.endsWith('-polls'));
  const [stream] = stack.streams;
  const [bucket] = stack.buckets;
  if (stream !== undefined && bucket !== undefined && checkpoints !== undefined && polls !== undefined) {
    return { stream: stream.name, bucket, checkpoints, polls, retention_hours: stream.retention_hours };
  }
  throw new FatalError(
    'local',
    'bad_template',
    'the packaged template has no stream, no lake bucket, or not the tables of checkpoints and polls',
  );
}

/** Where the clock of the last run in this folder ended. */
function lastClock(dir: string): number {
  try {
    return (JSON.parse(readFileSync(join(dir, 'clock.json'), 'utf8')) as { now_ms: number }).now_ms;
  } catch {
    return Date.now();
  }
}
