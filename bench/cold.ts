/**
 * Cold start: how long each packaged function takes to load in a fresh process, beside a handler that does nothing, and how large its zip is.
 * Rounds alternate, so that a slow moment of the machine hits all. Ends with 1 where a function is over its limits.
 *
 *   npm run bench:cold [-- --rounds 25]
 *   chrt -f 10 npm run bench:cold           on a busy machine, as root: at real-time priority the rounds differ by a tenth
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packageService } from '../local/package.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LOADER = fileURLToPath(new URL('cold/load.cjs', import.meta.url));
const LIMIT_MS = 60;
const LIMIT_ZIP_KB = 400;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '25' } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`--rounds ${values.rounds}: it takes a whole number above 0`);
  process.exit(2);
}
const dir = mkdtempSync(join(tmpdir(), 'bikelake-cold-'));
try {
  await main();
} finally {
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}

interface Subject {
  readonly name: string;
  readonly file: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly zip_kb: number;
  readonly loads: Load[];
}

/** `cpu_ms`: of all threads, also those that compile and collect garbage. */
interface Load {
  readonly took_ms: number;
  readonly cpu_ms: number;
}

async function main(): Promise<void> {
  const { template, code } = await packageService({ dir, stage: 'prod', root: ROOT });
  const bare = join(dir, 'bare', 'bare.cjs');
  mkdirSync(dirname(bare));
  writeFileSync(bare, 'exports.handler = async () => null;\n');
  const nothing: Subject = { name: 'bare', file: bare, variables: {}, zip_kb: 0, loads: [] };
  const subjects = [nothing, ...functionsOf(template, code)];
  for (let round = -1; round < rounds; round++) {
    for (const subject of subjects) {
      const one = load(subject);
      if (round >= 0) subject.loads.push(one); // the first round reads the files from the disk
    }
  }
  console.log(`${rounds} rounds, each in a process of its own, Node ${process.version}; medians`);
  const bare_ms = quantile(nothing, 'took_ms', 0.5);
  for (const subject of subjects) {
    const { name, zip_kb } = subject;
    const [low, middle, high] = [0.1, 0.5, 0.9].map((share) => quantile(subject, 'took_ms', share)) as [
      number,
      number,
      number,
    ];
    const isOver = middle > LIMIT_MS || zip_kb > LIMIT_ZIP_KB;
    if (isOver) process.exitCode = 1;
    console.log(
      `  ${name.padEnd(8)} ${ms(middle)} ms (p10 ${low.toFixed(1)}, p90 ${high.toFixed(1)}; ${(middle / bare_ms).toFixed(0)} × bare)  processor ${ms(quantile(subject, 'cpu_ms', 0.5))} ms  zip ${zip_kb.toFixed(0).padStart(4)} KB${isOver ? `  OVER ${LIMIT_MS} ms or ${LIMIT_ZIP_KB} KB` : ''}`,
    );
  }
}

function ms(value: number): string {
  return value.toFixed(1).padStart(6);
}

function functionsOf(template: string, code: (name: string) => string): Subject[] {
  const { Resources } = JSON.parse(readFileSync(template, 'utf8')) as {
    Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
  };
  return Object.values(Resources).flatMap(({ Type, Properties: p }) => {
    if (Type !== 'AWS::Lambda::Function') return [];
    const handler = String(p.Handler);
    const name = String(p.FunctionName).split('-').at(-1) ?? '';
    const folder = code(name);
    const path = handler.slice(0, handler.lastIndexOf('.'));
    const ending = readdirSync(dirname(join(folder, path))).find((file) => /\.(cjs|js)$/.test(file)) ?? '';
    return [
      {
        name,
        file: join(folder, `${path}${ending.slice(ending.lastIndexOf('.'))}`),
        variables: (p.Environment as { Variables?: Record<string, string> } | undefined)?.Variables ?? {},
        zip_kb: statSync(join(dirname(template), `${name}.zip`)).size / 1024,
        loads: [],
      },
    ];
  });
}

function load({ file, variables }: Subject): Load {
  const env = {
    PATH: process.env.PATH ?? '',
    AWS_REGION: 'us-east-1',
    AWS_LAMBDA_FUNCTION_NAME: 'bench',
    ...variables,
  };
  return JSON.parse(execFileSync(process.execPath, [LOADER, file], { env, encoding: 'utf8' })) as Load;
}

function quantile({ loads }: Subject, of: keyof Load, share: number): number {
  const sorted = loads.map((one) => one[of]).toSorted((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
}
