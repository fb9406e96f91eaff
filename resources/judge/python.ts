import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonEnvironment } from '../../contract/environment.ts';
import { FatalError } from '../../lib/errors.ts';
import type { Finding } from '../verdict.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Output of a judge: a finding is a few hundred bytes. */
const MOST_BYTES = 64 * 1024 * 1024;

type Tool = 'cfn-lint' | 'checkov';

/**
 * The judges' virtual environments, made at the first time (470 MB): two, since checkov wants other versions than cfn-lint has. Throws
 * FatalError `no_python`, `no_packages`.
 */
const environmentOf = (tool: Tool): string =>
  pythonEnvironment(join(ROOT, `.venv/judge-${tool}`), join(ROOT, `resources/judge/${tool}.txt`));

/** Runs a program of a tool's environment. Nothing of this machine's environment goes in: no credentials, no proxy, no configuration. */
function run(tool: Tool, program: string, args: readonly string[]): string {
  const bin = join(environmentOf(tool), 'bin');
  const { stdout, stderr, error } = spawnSync(join(bin, program), args, {
    cwd: bin, // no configuration file of the project's, or of its user, is found from here
    env: { PATH: `${bin}:${process.env.PATH}`, HOME: bin, PYTHONDONTWRITEBYTECODE: '1' },
    encoding: 'utf8',
    maxBuffer: MOST_BYTES,
  });
  if (error === undefined && stdout.trim() !== '') return stdout;
  throw new FatalError('local', 'judge_failed', `${tool} said nothing: ${error?.message ?? stderr.trim()}`);
}

interface CfnLintFinding {
  readonly Level: string;
  readonly Message: string;
  readonly Rule: { readonly Id: string };
  readonly Location: { readonly Path: (string | number)[] | null; readonly Start: { readonly LineNumber: number } };
}

/** All rules of cfn-lint, the informational ones too, for the regions that are named. */
export function askCfnLint(file: string, regions: readonly string[]): Finding[] {
  const args = ['--format', 'json', '--include-checks', 'I', '--regions', ...regions, '--', file];
  return (JSON.parse(run('cfn-lint', 'cfn-lint', args)) as CfnLintFinding[]).map((f) => {
    const [part, id, ...rest] = f.Location.Path ?? [];
    return {
      rule: f.Rule.Id,
      severity: f.Level,
      resource: part === 'Resources' ? String(id) : null,
      place: `${rest.join('.') || 'template'}, line ${f.Location.Start.LineNumber}`,
      message: f.Message,
    };
  });
}

interface CheckovReport {
  readonly results: {
    readonly failed_checks: readonly {
      readonly check_id: string;
      readonly check_name: string;
      readonly resource: string;
      readonly file_line_range: readonly number[];
    }[];
    readonly parsing_errors: readonly string[];
  };
  readonly summary: { readonly passed: number; readonly parsing_errors: number };
}

/** Every check of checkov for CloudFormation. Its findings carry no severity. */
export function askCheckov(file: string): Finding[] {
  const args = ['--file', file, '--framework', 'cloudformation', '--skip-download', '--quiet', '--compact'];
  const { results, summary } = JSON.parse(run('checkov', 'checkov', [...args, '--output', 'json'])) as CheckovReport;
  if (summary.parsing_errors > 0 || summary.passed === 0) {
    throw new FatalError('local', 'judge_failed', `checkov could not read ${file} as a template`);
  }
  return results.failed_checks.map((check) => ({
    rule: check.check_id,
    severity: 'CHECK',
    resource: check.resource.split('.').at(-1) ?? null,
    place: `line ${check.file_line_range[0] ?? '?'}`,
    message: check.check_name,
  }));
}

/** Which actions AWS's own handlers need, by resource type and operation. */
export function handlersOf(types: readonly string[]): Record<string, Record<string, string[]>> {
  return JSON.parse(run('cfn-lint', 'python', [join(ROOT, 'resources/judge/handlers.py'), ...types]));
}
