import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { FatalError } from '../lib/errors.ts';

export const HOST = '127.0.0.1';
const START_MS = 60_000;
const AGAIN_MS = 100;
const END_MS = 5_000;

export interface PythonServer {
  readonly url: string;
  /** Ends its process; at once where it doesn't end by itself. */
  close(): Promise<void>;
}

export interface Command {
  readonly name: string;
  /** Path of the program. */
  readonly program: string;
  readonly args: (port: number) => readonly string[];
  readonly environment: (port: number) => Readonly<Record<string, string>>;
  /** Answers 200 once the server is ready. */
  readonly health: string;
}

const moto = (environment: string): Command => ({
  name: 'moto_server',
  program: join(environment, 'bin', 'moto_server'),
  args: (port) => ['-H', HOST, '-p', String(port)],
  environment: () => ({}),
  health: '/moto-api/data.json',
});
const ministack = (environment: string): Command => ({
  name: 'ministack',
  program: join(environment, 'bin', 'ministack'),
  args: () => [],
  environment: (port) => ({
    BIND_HOST: HOST, // its default is every address
    GATEWAY_PORT: String(port),
    SERVICES: 's3,dynamodb,kinesis,firehose',
    MINISTACK_REGION: 'us-east-1',
    LAMBDA_EXECUTOR: 'local',
    IOT_MTLS_ENABLED: '0', // a port on every address, whatever the services
  }),
  health: '/_ministack/health',
});

/** `environment`: the folder of the virtual environment. `logs`: a folder for what the servers say. */
export const startMoto = (environment: string, logs: string): Promise<PythonServer> =>
  startServer(moto(environment), logs);
export const startMinistack = (environment: string, logs: string): Promise<PythonServer> =>
  startServer(ministack(environment), logs);

/** Starts a server on a free port of the loopback address, and resolves once it answers. Throws FatalError `server_not_started`. */
export async function startServer(command: Command, logs: string): Promise<PythonServer> {
  const port = await freePort();
  const log = join(logs, `${command.name}.log`);
  const child = spawn(command.program, command.args(port), {
    cwd: logs,
    env: { PATH: process.env.PATH, HOME: logs, PYTHONUNBUFFERED: '1', ...command.environment(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const file = createWriteStream(log);
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  const url = `http://${HOST}:${port}`;
  try {
    await ready(child, url + command.health);
  } catch (cause) {
    await end(child);
    const message = `${command.name} did not start: ${(cause as Error).message}; what it said is in ${log}`;
    throw new FatalError('local', 'server_not_started', message, { cause });
  }
  return { url, close: () => end(child) };
}

/** A port that was free a moment ago: the servers can't choose one themselves. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, HOST, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function ready(child: ChildProcess, health: string): Promise<void> {
  let failed: Error | undefined;
  child.once('error', (error) => {
    failed = error;
  });
  for (const until_ms = Date.now() + START_MS; Date.now() < until_ms; ) {
    if (failed !== undefined) throw failed;
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const answer = await fetch(health, { signal: AbortSignal.timeout(1_000) }).catch(() => null);
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  throw new Error(`it did not answer at ${health} in ${START_MS / 1000} s`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await ended;
  clearTimeout(late);
}
