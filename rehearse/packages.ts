import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../lib/errors.ts';
import type { Feeds } from './feeds.ts';
import type { PackagedTemplate } from './references.ts';
import { serviceFolder } from './service-folder.ts';
import { CHANGES, changedProperties, PARAMETERS, STAGE } from './settings.ts';
import { sls } from './sls.ts';

const TEMPLATE = 'cloudformation-template-update-stack.json';
/** A deploy takes the template from here. */
const STATE = 'serverless-state.json';

/** A package, and the parameters that it was made with, which a deploy of it is given too. */
export interface Package {
  readonly folder: string;
  readonly template: PackagedTemplate;
  readonly parameters: readonly string[];
}

export interface Packages {
  readonly first: Package;
  readonly changed: Package;
  /** As the first, over the lake that a removed stage left. */
  readonly adopted: Package;
}

/** Packages the service three times, as a person does, with an environment that holds no credentials. */
export async function makePackages(root: string, dir: string, feeds: Feeds, signal: AbortSignal): Promise<Packages> {
  const service = serviceFolder(root, join(dir, 'service'));
  const make = async (name: string, parameters: Readonly<Record<string, string>>): Promise<Package> => {
    const folder = join(dir, 'packages', name);
    const options = Object.entries(parameters).map(([parameter, value]) => `--param=${parameter}=${value}`);
    const command = { dir: service, log: join(dir, `package-${name}.log`), stage: STAGE, url: null, signal };
    await sls(command, 'package', '--package', folder, ...options);
    return { folder, template: templateOf(folder), parameters: options };
  };
  const first = await make('first', { ...PARAMETERS, plan: feeds.files.first });
  const settings = Object.fromEntries(CHANGES.map(({ parameter, value }) => [parameter, value]));
  const changed = await make('changed', { ...PARAMETERS, ...settings, plan: feeds.files.changed });
  const adopted = await make('adopted', { ...PARAMETERS, plan: feeds.files.first, lake: 'adopt' });
  checkChanges(first, changed);
  return { first, changed, adopted };
}

/** Throws where a change changed nothing: the second deploy would prove nothing. */
function checkChanges(first: Package, changed: Package): void {
  const properties = changedProperties(first.template, changed.template);
  const idle = CHANGES.filter(({ shows }) => !properties.has(shows));
  if (idle.length === 0) return;
  const which = idle.map(({ parameter, shows }) => `${parameter} (${shows})`).join(', ');
  throw new FatalError('local', 'nothing_changed', `rehearse/settings.ts: these parameters change nothing: ${which}`);
}

const templateOf = (folder: string): PackagedTemplate => read(folder, TEMPLATE) as PackagedTemplate;

/** The package with another template, in a folder of its own. */
export function withTemplate(of: Package, template: PackagedTemplate, folder: string): Package {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(of.folder)) copyFileSync(join(of.folder, name), join(folder, name));
  const state = read(of.folder, STATE) as { service: { provider: Record<string, unknown> } };
  state.service.provider.compiledCloudFormationTemplate = template;
  writeFileSync(join(folder, STATE), JSON.stringify(state));
  writeFileSync(join(folder, TEMPLATE), JSON.stringify(template));
  return { ...of, folder, template };
}

const read = (folder: string, name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));
