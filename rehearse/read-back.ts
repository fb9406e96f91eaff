import type { Clients } from './clients.ts';
import { compare, type Found, leavesOf } from './compare.ts';
import { READERS } from './readers/readers.ts';
import type { PackagedTemplate } from './references.ts';
import { type DeployedStack, expectedResources } from './stack.ts';

export interface ReadBack {
  readonly found: readonly Found[];
  /** Properties compared, down to each text and number. */
  readonly compared: number;
  readonly resources: number;
}

/** Reads every resource of the template through the API, and compares each of its properties. */
export async function readBack(clients: Clients, template: PackagedTemplate, stack: DeployedStack): Promise<ReadBack> {
  const found: Found[] = [];
  let compared = 0;
  const resources = expectedResources(template, stack);
  for (const { id, type, properties } of resources) {
    const reader = READERS[type];
    if (reader === undefined) throw new Error(`${id}: ${type} can't be read back: write a reader in rehearse/readers/`);
    const physical = stack.physical.get(id) ?? '';
    const actual = physical === '' ? undefined : await reader.read(clients, { physical, properties });
    const readable = Object.entries(properties).filter(([name]) => !(name in (reader.unreadable ?? {})));
    const expected = (reader.form ?? ((p) => p))(Object.fromEntries(readable));
    compared += leavesOf(expected as never).length;
    found.push(...compare(type, id, expected as never, actual as never));
  }
  return { found, compared, resources: resources.length };
}
