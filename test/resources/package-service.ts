import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { INGREDIENTS } from '../../local/package.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
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
  for (const ingredient of INGREDIENTS) {
    if (!existsSync(join(ROOT, ingredient))) throw new Error(`${ingredient} is not there, and a package is made of it`);
    cpSync(join(ROOT, ingredient), join(room, ingredient), { recursive: true });
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
