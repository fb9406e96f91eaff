import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FatalError } from '../lib/errors.ts';
import { ACCESS, loopback, REGION } from './clients.ts';

export interface Sls {
  /** The service's folder. */
  readonly dir: string;
  /** Where what it says goes. */
  readonly log: string;
  readonly stage: string;
  /** Of the server that stands in for AWS; null for commands that speak to nobody. */
  readonly url: string | null;
  readonly signal: AbortSignal;
}

const TAIL_LINES = 25;
/** A command that takes longer hangs. */
const LIMIT_MS = 300_000;

/** Runs `sls` with an environment that holds nothing of a person's. Throws FatalError `sls_failed` with the end of what it said. */
export async function sls({ dir, log, stage, url, signal }: Sls, ...args: readonly string[]): Promise<string> {
  const program = join(dir, 'node_modules/serverless/bin/serverless.js');
  const child = spawn(process.execPath, [program, ...args, '--stage', stage], {
    cwd: dir,
    env: {
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: dir,
      AWS_REGION: REGION,
      SLS_TELEMETRY_DISABLED: '1',
      SLS_NOTIFICATIONS_MODE: 'off',
      ...(url !== null && {
        AWS_ENDPOINT_URL: loopback(url),
        AWS_ACCESS_KEY_ID: ACCESS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: ACCESS.secretAccessKey,
        AWS_EC2_METADATA_DISABLED: 'true',
      }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
  });
  let said = '';
  const keep = (text: Buffer): void => {
    said += text.toString();
    appendFileSync(log, text);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).catch((cause: unknown) => {
    if (signal.aborted) throw signal.reason;
    throw failed(args, `did not end in ${LIMIT_MS / 1000} s`, said, log, cause);
  });
  if (code !== 0) throw failed(args, `ended with ${code}`, said, log);
  return said;
}

function failed(args: readonly string[], what: string, said: string, log: string, cause?: unknown): FatalError {
  const tail = said.trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  const message = `sls ${args.join(' ')} ${what}; all it said is in ${log}. The end of it:\n${tail}`;
  return new FatalError('local', 'sls_failed', message, { cause });
}
