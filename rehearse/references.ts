import type { Template, Value } from '../local/template/resolve.ts';
import { textOf } from '../local/template/text.ts';

/** What a reference to a resource gives: its `Ref` (attribute null) or an attribute; undefined leaves the reference as it is. */
export type ValueOf = (id: string, attribute: string | null) => string | undefined;

/** The value with the references to resources written out, in Ref, Fn::GetAtt and Fn::Sub; everything else stays. */
export function writtenOut(value: Value, give: ValueOf): Value {
  if (Array.isArray(value)) return value.map((v) => writtenOut(v, give));
  if (value === null || typeof value !== 'object') return value;
  const [[name, argument] = ['', null], ...others] = Object.entries(value);
  if (others.length === 0) {
    const known = referenced(name, argument, give);
    if (known !== undefined) return known;
    if (name === 'Fn::Sub') return { [name]: substituted(argument, give) };
  }
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, writtenOut(v, give)]));
}

function referenced(name: string, argument: Value, give: ValueOf): string | undefined {
  if (name === 'Ref' && typeof argument === 'string') return give(argument, null);
  if (name !== 'Fn::GetAtt') return undefined;
  const [id = '', ...attribute] = Array.isArray(argument) ? argument.map(textOf) : textOf(argument).split('.');
  return give(id, attribute.join('.'));
}

function substituted(argument: Value, give: ValueOf): Value {
  const [text, own = {}] = (Array.isArray(argument) ? argument : [argument]) as [string, Record<string, Value>?];
  const written = text.replace(/\$\{([^!}]+)\}/g, (whole, name: string) => {
    if (name in own) return whole;
    const [id = '', ...attribute] = name.split('.');
    return give(id, attribute.length === 0 ? null : attribute.join('.')) ?? whole;
  });
  return Array.isArray(argument) ? [written, writtenOut(own, give)] : written;
}

/** A template with `DependsOn` and outputs, as a package has it. */
export interface PackagedTemplate extends Template {
  readonly Resources: Record<string, PackagedResource>;
  readonly Outputs?: Record<string, { Value: Value; [name: string]: Value }>;
}

export interface PackagedResource {
  Type: string;
  Condition?: string;
  DependsOn?: string | string[];
  DeletionPolicy?: string;
  Properties?: Record<string, Value>;
}

/** The template without the resources: nothing depends on them any more, and references to them are what `give` makes up. */
export function without(template: PackagedTemplate, ids: ReadonlySet<string>, give: ValueOf): PackagedTemplate {
  const of: ValueOf = (id, attribute) => (ids.has(id) ? give(id, attribute) : undefined);
  const resources = Object.entries(template.Resources)
    .filter(([id]) => !ids.has(id))
    .map(([id, resource]) => {
      const { DependsOn, ...rest } = resource;
      const after = [DependsOn ?? []].flat().filter((other) => !ids.has(other));
      const properties = resource.Properties && { Properties: writtenOut(resource.Properties, of) };
      return [id, { ...rest, ...properties, ...(after.length > 0 && { DependsOn: after }) }] as const;
    });
  const outputs = template.Outputs && { Outputs: writtenOut(template.Outputs as Value, of) };
  return { ...template, ...outputs, Resources: Object.fromEntries(resources) } as PackagedTemplate;
}
