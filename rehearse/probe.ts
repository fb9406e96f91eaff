import {
  CreateStackCommand,
  DeleteStackCommand,
  ValidateTemplateCommand,
  waitUntilStackDeleteComplete,
} from '@aws-sdk/client-cloudformation';
import type { Value } from '../local/template/resolve.ts';
import type { Clients } from './clients.ts';
import type { LeftOut } from './differences.ts';
import { remaining } from './left-out.ts';
import { type PackagedTemplate, writtenOut } from './references.ts';
import { deployedStack } from './stack.ts';

const STACK = 'rehearsal-probe';
const UNRECOGNIZED = /Unrecognized resource types: \[([^\]]*)\]/;
const LIMIT_MS = 60_000;

/**
 * Types that are left out for a server, and that it makes nevertheless: it has learnt them since. One resource of each is tried in a stack of
 * its own.
 */
export async function madeNevertheless(
  clients: Clients,
  template: PackagedTemplate,
  leftOut: readonly LeftOut[],
): Promise<string[]> {
  const one = oneOfEach(template, leftOut);
  const refused = await unrecognized(clients, one);
  const rest = Object.entries(one.Resources).filter(([, { Type }]) => !refused.includes(Type));
  if (rest.length === 0) return [];
  const made = await createdIn(clients, { Resources: Object.fromEntries(rest) });
  return rest.filter(([id]) => made.has(id)).map(([, { Type }]) => Type);
}

function oneOfEach(template: PackagedTemplate, leftOut: readonly LeftOut[]): PackagedTemplate {
  const { left_out } = remaining(template, leftOut);
  const ids = new Map(left_out.map(({ id, type }) => [type, id] as const));
  const everything = Object.keys(template.Resources).map((id) => `arn:aws:made:up:123456789012:${id}`);
  const give = (id: string): string | undefined => everything.find((name) => name.endsWith(`:${id}`));
  return {
    Resources: Object.fromEntries(
      [...ids].map(([Type, id]) => {
        const properties = writtenOut((template.Resources[id]?.Properties ?? {}) as Value, give);
        return [id, { Type, Properties: properties as Record<string, Value> }];
      }),
    ),
  };
}

async function unrecognized({ cloudformation }: Clients, template: PackagedTemplate): Promise<string[]> {
  // The types are enough for this: a whole template may be too long for a body.
  const Resources = Object.fromEntries(Object.entries(template.Resources).map(([id, { Type }]) => [id, { Type }]));
  const TemplateBody = JSON.stringify({ Resources });
  const refusal = await cloudformation.send(new ValidateTemplateCommand({ TemplateBody })).then(
    () => '',
    (error: Error) => error.message,
  );
  return (UNRECOGNIZED.exec(refusal)?.[1] ?? '').split(', ');
}

/** Logical ids of what has a physical id in the end. */
async function createdIn(clients: Clients, template: PackagedTemplate): Promise<Set<string>> {
  const create = new CreateStackCommand({
    StackName: STACK,
    TemplateBody: JSON.stringify(template),
    Capabilities: ['CAPABILITY_IAM'],
  });
  const refusal = await clients.cloudformation.send(create).then(
    () => null,
    (error: Error) => error,
  );
  if (refusal !== null) return new Set();
  try {
    for (const until_ms = Date.now() + LIMIT_MS; Date.now() < until_ms; ) {
      const stack = await deployedStack(clients, STACK);
      if (stack === null || /ROLLBACK|FAILED/.test(stack.status)) return new Set();
      if (stack.status === 'CREATE_COMPLETE') {
        return new Set([...stack.physical].filter(([, physical]) => physical !== '').map(([id]) => id));
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`the stack ${STACK} is not done after ${LIMIT_MS / 1000} s`);
  } finally {
    await clients.cloudformation.send(new DeleteStackCommand({ StackName: STACK }));
    await waitUntilStackDeleteComplete(
      { client: clients.cloudformation, maxWaitTime: 60, minDelay: 1 },
      { StackName: STACK },
    );
  }
}
