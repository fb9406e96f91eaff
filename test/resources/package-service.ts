import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What of the project the definition is made of. */
const FOLDERS = ['functions', 'lib', 'resources', 'deploy', 'jobs/spark', 'jobs/sql', 'config'];
const FILES = ['serverless.yml', 'package.json', 'tsconfig.json', 'local/invoke-plugin.cjs'];

// biome-ignore lint/suspicious/noExplicitAny: a template is asserted on, not computed with
type Properties = Record<string, any>;

export interface TemplateResource {
  readonly Type: string;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly Properties: Properties;
}

export interface Packaged {
  readonly file: string;
  readonly template_bytes: number;
  readonly resources: Readonly<Record<string, TemplateResource>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly zip_bytes: (name: string) => number;
  readonly remove: () => void;
}

/**
 * Packages the service as a deployer does, in a copy of its files (so that runs at the same time don't meet in `.esbuild`), with an
 * environment that holds no credentials. Fails with what osls said.
 */
export function packageService(stage: string, parameters: Readonly<Record<string, string>> = {}): Packaged {
  const room = mkdtempSync(join(tmpdir(), 'bikelake-package-'));
  for (const folder of FOLDERS.filter((f) => existsSync(join(ROOT, f)))) {
    cpSync(join(ROOT, folder), join(room, folder), { recursive: true });
  }
  for (const file of FILES) {
    if (!existsSync(join(ROOT, file))) throw new Error(`${file} is not there, and serverless.yml needs it`);
    cpSync(join(ROOT, file), join(room, file));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(room, 'node_modules'));
  const options = Object.entries(parameters).map(([name, value]) => `--param=${name}=${value}`);
  const { status, stdout, stderr } = spawnSync(
    join(room, 'node_modules/.bin/sls'),
    ['package', '--stage', stage, ...options],
    { cwd: room, env: { PATH: process.env.PATH, HOME: room }, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`sls package ended with ${status}:\n${stdout}\n${stderr}`);
  const file = join(room, '.serverless/cloudformation-template-update-stack.json');
  const text = readFileSync(file, 'utf8');
  const template = JSON.parse(text);
  return {
    file,
    template_bytes: Buffer.byteLength(text),
    resources: template.Resources,
    outputs: template.Outputs,
    zip_bytes: (name) => statSync(join(room, '.serverless', `${name}.zip`)).size,
    remove: () => rmSync(room, { recursive: true }),
  };
}
