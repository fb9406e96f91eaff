/**
 * `npm run judge [-- TEMPLATE…]`: three judges for the packaged templates of dev, of prod, and of prod with everything on (or for the templates
 * that are named): cfn-lint, checkov and @aws/cloudformation-validate, offline, no credentials. The first two live in virtual Python environments under .venv/, which the
 * first run makes. Ends with 1 on every finding, of whatever severity, that has no reason in suppressions.ts, and on a reason that no template
 * needs. Then the deployer's policies are held against what AWS's own handlers need for the types of the templates.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { POLICIES } from '../deploy/deployer.ts';
import { lackingActions } from '../deploy/deployer-needs.ts';
import { FatalError } from '../lib/errors.ts';
import { packageService } from '../local/package.ts';
import { EVERYTHING } from './everything.ts';
import { askCfnLint, askCheckov, handlersOf } from './judge/python.ts';
import { SUPPRESSIONS } from './suppressions.ts';
import { findingsIn } from './validate.ts';
import { type Finding, judge, toLines } from './verdict.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TEMPLATES: readonly { readonly name: string; readonly stage: string; readonly parameters?: typeof EVERYTHING }[] =
  [
    { name: 'dev', stage: 'dev' },
    { name: 'prod', stage: 'prod' },
    { name: 'everything', stage: 'prod', parameters: EVERYTHING },
  ];
/** A type that one region lacks is a finding too: those that the cost is told for. */
const REGIONS = ['ap-northeast-2', 'us-east-1'];
const JUDGES: Readonly<Record<string, (file: string) => readonly Finding[]>> = {
  'cloudformation-validate': (file) => findingsIn(file).findings,
  'cfn-lint': (file) => askCfnLint(file, REGIONS),
  checkov: askCheckov,
};

/** Each template, by what it is called here. */
async function templates(room: string): Promise<[string, string][]> {
  const named = process.argv.slice(2);
  const missing = named.find((file) => !existsSync(file));
  if (missing !== undefined) {
    throw new FatalError(
      'local',
      'no_template',
      `${missing} is not there: npm run judge takes templates, or none to package its own`,
    );
  }
  if (named.length > 0) return named.map((file) => [file, file]);
  const packaged: [string, string][] = [];
  for (const { name, stage, parameters } of TEMPLATES) {
    packaged.push([
      name,
      (await packageService({ dir: join(room, name), stage, ...(parameters && { parameters }), root: ROOT })).template,
    ]);
  }
  return packaged;
}

const typesIn = (file: string): string[] =>
  Object.values(
    (JSON.parse(readFileSync(file, 'utf8')) as { Resources: Record<string, { Type: string }> }).Resources,
  ).map(({ Type }) => Type);

async function main(room: string): Promise<number> {
  const all: Finding[] = [];
  const types = new Set<string>();
  for (const [name, file] of await templates(room)) {
    for (const [who, ask] of Object.entries(JUDGES)) {
      const findings = ask(file).map((f) => ({ ...f, place: `${name} by ${who}: ${f.place}` }));
      console.log(`${name}: ${who} has ${findings.length} findings`);
      all.push(...findings);
    }
    for (const type of typesIn(file)) types.add(type);
  }
  const verdict = judge(all, SUPPRESSIONS);
  for (const line of toLines(verdict)) console.log(line);
  const lacking = lackingActions([...types].sort(), handlersOf([...types]), Object.values(POLICIES));
  for (const line of lacking) console.log(`the deployer may not: ${line}`);
  const [open, needless] = [verdict.open.length, verdict.unused.length];
  console.log(
    `${open} findings without a reason, ${all.length - open} with one; ${needless} reasons that nothing needs`,
  );
  console.log(`${types.size} types; ${lacking.length} actions that the deployer lacks`);
  return open + needless + lacking.length > 0 ? 1 : 0;
}

const room = mkdtempSync(join(tmpdir(), 'bikelake-judge-'));
try {
  process.exitCode = await main(room);
} catch (error) {
  if (!(error instanceof FatalError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
} finally {
  rmSync(room, { recursive: true, force: true });
}
