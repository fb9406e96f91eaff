import { ACCOUNT_ID } from '../local/aws/names.ts';
import { attributeOf, referenceOf } from '../local/template/attributes.ts';
import { resolveTemplate } from '../local/template/resolve.ts';
import { REGION } from './clients.ts';
import type { LeftOut } from './differences.ts';
import { type PackagedTemplate, without } from './references.ts';

export interface Remaining {
  readonly template: PackagedTemplate;
  /** Logical id and type of what is left out. */
  readonly left_out: readonly { readonly id: string; readonly type: string }[];
}

/** The template without what a server makes nothing of; what refers to it gets a name that nothing has. */
export function remaining(template: PackagedTemplate, leftOut: readonly LeftOut[]): Remaining {
  const resolved = new Map(
    resolveTemplate(template, { account_id: ACCOUNT_ID, region: REGION }).map((resource) => [resource.id, resource]),
  );
  const left_out = [...resolved.values()]
    .filter(({ type, properties }) => leftOut.some((l) => l.type === type && (l.only?.(properties) ?? true)))
    .map(({ id, type }) => ({ id, type }));
  const give = (id: string, attribute: string | null): string | undefined => {
    const resource = resolved.get(id);
    if (resource === undefined) return undefined;
    return attribute === null ? referenceOf(resource) : String(attributeOf(resource, attribute));
  };
  return { template: without(template, new Set(left_out.map(({ id }) => id)), give), left_out };
}

/** The template with the resources of some types as another template has them. */
export function keeping(types: readonly string[], of: PackagedTemplate, template: PackagedTemplate): PackagedTemplate {
  const kept = Object.entries(of.Resources).filter(
    ([id, { Type }]) => types.includes(Type) && id in template.Resources,
  );
  return { ...template, Resources: { ...template.Resources, ...Object.fromEntries(kept) } };
}
