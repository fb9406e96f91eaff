import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { PutParameterCommand } from '@aws-sdk/client-ssm';
import { FatalError } from '../lib/errors.ts';
import { type Clients, clientsOf, destroyAll } from './clients.ts';
import type { Found } from './compare.ts';
import { DIFFERENCES } from './differences.ts';
import type { Feeds } from './feeds.ts';
import { inventory } from './inventory.ts';
import { foundText, judge } from './judge.ts';
import { keeping, remaining } from './left-out.ts';
import { type Package, type Packages, withTemplate } from './packages.ts';
import { pollThrough } from './pipeline.ts';
import { madeNevertheless } from './probe.ts';
import { readBack } from './read-back.ts';
import type { PackagedTemplate } from './references.ts';
import { type ServerName, startApi } from './servers.ts';
import { serviceFolder } from './service-folder.ts';
import { STAGE } from './settings.ts';
import { type Sls, sls } from './sls.ts';
import { type DeployedStack, deployedStack, stackDifferences } from './stack.ts';

export interface Rehearsal {
  readonly server: ServerName;
  readonly root: string;
  /** A folder for all that is made on the way. */
  readonly dir: string;
  /** Folder of the Python environment. */
  readonly environment: string;
  readonly feeds: Feeds;
  readonly packages: Packages;
  readonly signal: AbortSignal;
  readonly say: (who: string, what: string) => void;
}

const STACK = `bikelake-${STAGE}`;
const DONE: ReadonlySet<string> = new Set(['CREATE_COMPLETE', 'UPDATE_COMPLETE']);
const RETAINED: ReadonlySet<string> = new Set(['Retain', 'RetainExceptOnCreate']);
const SEOUL_KEY = `/bikelake/${STAGE}/seoul-key`;
/** Something that lies in the lake, and must lie there still. */
const MARK = { Key: 'config/rehearsal.txt', Body: 'put before the first removal' };

/** A rehearsal on one server; resolves with what a person must look at. Throws FatalError where a step can't be done. */
export async function rehearse(options: Rehearsal): Promise<string[]> {
  const { server, root, dir, environment, feeds, signal } = options;
  mkdirSync(dir, { recursive: true });
  const functions = { FEED_ALLOWED_HOSTS: new URL(feeds.city.url).host };
  const api = await startApi(server, environment, dir, functions);
  const clients = clientsOf(api.url);
  try {
    const service = serviceFolder(root, join(dir, 'service'));
    const command = { dir: service, log: join(dir, 'sls.log'), stage: STAGE, url: api.url, signal };
    return await new Steps(options, clients, command).run();
  } finally {
    destroyAll(clients);
    await api.close();
  }
}

/** What stays after a removal on purpose. */
function retainedNames({ Resources }: PackagedTemplate, { physical }: DeployedStack): string[] {
  const ids = Object.keys(Resources).filter((id) => RETAINED.has(Resources[id]?.DeletionPolicy ?? ''));
  return ids.flatMap((id) => physical.get(id) ?? []);
}

class Steps {
  readonly #options: Rehearsal;
  readonly #clients: Clients;
  readonly #sls: Sls;
  readonly #found: Found[] = [];
  readonly #problems: string[] = [];

  constructor(options: Rehearsal, clients: Clients, command: Sls) {
    this.#options = options;
    this.#clients = clients;
    this.#sls = command;
  }

  async run(): Promise<string[]> {
    const { packages, server, feeds } = this.#options;
    await this.#clients.ssm.send(
      new PutParameterCommand({ Name: SEOUL_KEY, Value: feeds.city.seoulKey, Type: 'SecureString' }),
    );
    const before = await inventory(this.#clients);
    for (const type of await madeNevertheless(this.#clients, packages.first.template, DIFFERENCES[server].left_out)) {
      this.#problem(`it makes ${type} after all: take it out of left_out in rehearse/differences.ts`);
    }
    const stack = await this.#deploy('first', packages.first);
    if (server === 'ministack') await this.#poll(stack);
    await this.#deploy('changed', packages.changed);
    const lake = stack.physical.get('LakeBucket') ?? '';
    const retained = retainedNames(packages.first.template, stack);
    await this.#clients.s3.send(new PutObjectCommand({ Bucket: lake, ...MARK }));
    await this.#remove(before, lake, retained);
    await this.#deploy('adopted', packages.adopted);
    await this.#remove(before, lake, retained);
    return this.#judged();
  }

  async #deploy(name: string, of: Package): Promise<DeployedStack> {
    const { dir, server, packages } = this.#options;
    const { left_out: leftOut, not_updated } = DIFFERENCES[server];
    const types = not_updated.map(({ type }) => type);
    const { template, left_out } = remaining(keeping(types, packages.first.template, of.template), leftOut);
    const { folder, parameters } = withTemplate(of, template, join(dir, `package-${name}`));
    this.#say(`deploying, ${name}: ${Object.keys(template.Resources).length} resources, ${left_out.length} left out`);
    await sls(this.#sls, 'deploy', '--package', folder, ...parameters);
    const stack = await deployedStack(this.#clients, STACK);
    if (stack === null || !DONE.has(stack.status)) throw this.#failed(`the stack is ${stack?.status ?? 'not there'}`);
    const { found, compared, resources } = await readBack(this.#clients, template, stack);
    this.#say(`read back: ${resources} resources, ${compared} properties, ${found.length} otherwise`);
    this.#found.push(...found, ...stackDifferences(STACK, template, stack, { service: 'bikelake', stage: STAGE }));
    writeFileSync(join(dir, `found-${name}.json`), JSON.stringify(found, null, 1));
    return stack;
  }

  async #poll(stack: DeployedStack): Promise<void> {
    const { dir, feeds, signal } = this.#options;
    const id = (logical: string): string => stack.physical.get(logical) ?? '';
    const names = {
      poll: id('PollLambdaFunction'),
      stream: id('EventStream'),
      bronze: id('BronzeDeliveryStream'),
      transform: id('BronzeLambdaFunction'),
      lake: id('LakeBucket'),
      polls: id('PollTable'),
    };
    this.#say('polling through the deployed functions');
    const { receipts, events, records, figures } = await pollThrough(this.#clients, names, feeds.plan, {
      dir: join(dir, 'lake'),
      signal,
    });
    this.#say(
      `polled: ${receipts} receipts, ${events} events, ${records} records, ${figures.silver_rows} rows of Silver; the ledger balances`,
    );
  }

  /** Removes the stage; nothing may stay but what the template retains, and what lies in the lake. */
  async #remove(before: readonly string[], lake: string, retained: readonly string[]): Promise<void> {
    this.#say('removing');
    await sls(this.#sls, 'remove');
    const after = await inventory(this.#clients);
    const { left_behind } = DIFFERENCES[this.#options.server];
    const left = after.filter((what) => !before.includes(what));
    const isExpected = (what: string): boolean =>
      retained.some((name) => what.endsWith(` ${name}`)) || left_behind.some((known) => known.what.test(what));
    for (const what of left.filter((w) => !isExpected(w))) this.#problem(`the removal left behind: ${what}`);
    const mark = await this.#clients.s3
      .send(new GetObjectCommand({ Bucket: lake, Key: MARK.Key }))
      .then(({ Body }) => Body?.transformToString())
      .catch(() => undefined);
    if (mark !== MARK.Body) this.#problem(`the removal did not leave ${MARK.Key} in the lake ${lake}`);
    this.#say(`removed; left: ${left.join(', ')}`);
  }

  #judged(): string[] {
    const { unknown, unseen } = judge(this.#found, DIFFERENCES[this.#options.server].properties);
    for (const text of new Set(unknown.map(foundText))) this.#problem(text);
    for (const { type, property, why } of unseen) {
      this.#problem(`${type} ${property} is as in the template: take it out of rehearse/differences.ts (${why})`);
    }
    return this.#problems;
  }

  #say(what: string): void {
    this.#options.say(this.#options.server, what);
  }

  #problem(what: string): void {
    this.#problems.push(`${this.#options.server}: ${what}`);
  }

  #failed(what: string): FatalError {
    const { server, dir } = this.#options;
    return new FatalError('local', 'rehearsal_failed', `${server}: ${what}; what was said is in ${dir}`);
  }
}
