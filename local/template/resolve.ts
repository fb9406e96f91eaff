import { arnOf } from '../aws/names.ts';
import { attributeOf, referenceOf, STACK_NAME } from './attributes.ts';
import { textOf } from './text.ts';

export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };
export type Properties = Readonly<Record<string, Value>>;

/** A resource with its intrinsic functions resolved. */
export interface Resource {
  /** Logical id. */
  readonly id: string;
  readonly type: string;
  readonly properties: Properties;
}

export interface Template {
  readonly Parameters?: Record<string, { Default?: Value }>;
  readonly Conditions?: Record<string, Value>;
  readonly Mappings?: Record<string, Record<string, Record<string, Value>>>;
  readonly Resources: Record<string, { Type: string; Condition?: string; Properties?: Record<string, Value> }>;
}

export interface Pseudo {
  readonly account_id: string;
  readonly region: string;
}

/** Takes the place of `AWS::NoValue`: the property is left out. */
const NO_VALUE = Symbol('AWS::NoValue');
type Resolved = Value | typeof NO_VALUE;

/**
 * The resources of a CloudFormation template whose conditions hold, with Ref, Fn::GetAtt, Fn::Sub, Fn::Join, Fn::Select, Fn::Split,
 * Fn::If, Fn::FindInMap, conditions, pseudo parameters and parameters resolved. Throws on a function that isn't one of these, and on a
 * name that the template doesn't have.
 */
export function resolveTemplate(
  template: Template,
  pseudo: Pseudo,
  parameters: Readonly<Record<string, Value>> = {},
): Resource[] {
  const resolver = new Resolver(template, pseudo, parameters);
  return Object.entries(template.Resources)
    .filter(([, { Condition }]) => Condition === undefined || resolver.condition(Condition))
    .map(([id, { Type }]) => ({ id, type: Type, properties: resolver.properties(id) }));
}

class Resolver {
  readonly #template: Template;
  readonly #pseudo: Record<string, Resolved>;
  readonly #parameters: Readonly<Record<string, Value>>;
  readonly #resolved = new Map<string, Properties>();

  constructor(template: Template, pseudo: Pseudo, parameters: Readonly<Record<string, Value>>) {
    this.#template = template;
    this.#parameters = parameters;
    this.#pseudo = {
      'AWS::AccountId': pseudo.account_id,
      'AWS::Region': pseudo.region,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': STACK_NAME,
      'AWS::StackId': arnOf('cloudformation', `stack/${STACK_NAME}/1`),
      'AWS::NotificationARNs': [],
      'AWS::NoValue': NO_VALUE,
    };
  }

  properties(id: string): Properties {
    const known = this.#resolved.get(id);
    if (known) return known;
    const resource = this.#template.Resources[id];
    if (!resource) throw new Error(`template: no resource or parameter named ${id}`);
    this.#resolved.set(id, {}); // a resource that refers to itself through others would never end
    const resolved = this.#value(resource.Properties ?? {}, `${id}.Properties`) as Properties;
    this.#resolved.set(id, resolved);
    return resolved;
  }

  condition(name: string): boolean {
    const condition = this.#template.Conditions?.[name];
    if (condition === undefined) throw new Error(`template: no condition named ${name}`);
    return this.#value(condition, `Conditions.${name}`) === true;
  }

  #value(value: Value, place: string): Resolved {
    if (Array.isArray(value)) {
      return value.map((v, i) => this.#value(v, `${place}[${i}]`)).filter((v): v is Value => v !== NO_VALUE);
    }
    if (value === null || typeof value !== 'object') return value;
    const names = Object.keys(value);
    const [name] = names;
    if (names.length === 1 && name && (name === 'Ref' || name === 'Condition' || name.startsWith('Fn::'))) {
      return this.#call(name, value[name] as Value, place);
    }
    const members = Object.entries(value).map(([key, v]) => [key, this.#value(v, `${place}.${key}`)] as const);
    return Object.fromEntries(members.filter((m): m is readonly [string, Value] => m[1] !== NO_VALUE));
  }

  #call(name: string, argument: Value, place: string): Resolved {
    const list = (): Value[] => this.#value(argument, place) as Value[];
    switch (name) {
      case 'Ref':
        return this.#ref(textOf(argument));
      case 'Condition':
        return typeof argument === 'string' ? this.condition(argument) : { Condition: list() };
      case 'Fn::GetAtt': {
        const path = Array.isArray(argument) ? argument.map(textOf) : textOf(argument).split('.');
        return this.#attribute(path[0] ?? '', path.slice(1).join('.'));
      }
      case 'Fn::Sub':
        return this.#substitute(argument, place);
      case 'Fn::Join': {
        const [separator, parts] = list();
        return (parts as Value[]).map(textOf).join(textOf(separator));
      }
      case 'Fn::Split': {
        const [separator, text] = list();
        return textOf(text).split(textOf(separator));
      }
      case 'Fn::Select': {
        const [index, values] = list();
        return (values as Value[])[Number(index)] ?? NO_VALUE;
      }
      case 'Fn::If': {
        const [condition, yes, no] = argument as Value[];
        return this.#value((this.condition(textOf(condition)) ? yes : no) as Value, place);
      }
      case 'Fn::Equals': {
        const [a, b] = list();
        return textOf(a) === textOf(b);
      }
      case 'Fn::Not':
        return list()[0] !== true;
      case 'Fn::And':
        return list().every((v) => v === true);
      case 'Fn::Or':
        return list().some((v) => v === true);
      case 'Fn::FindInMap': {
        const [map, first, second] = list().map(textOf) as [string, string, string];
        return this.#template.Mappings?.[map]?.[first]?.[second] ?? NO_VALUE;
      }
      default:
        throw new Error(`template: ${place} uses ${name}, which can't be resolved on this machine`);
    }
  }

  #ref(name: string): Resolved {
    if (name in this.#pseudo) return this.#pseudo[name] as Resolved;
    if (name in this.#parameters) return this.#parameters[name] as Value;
    const parameter = this.#template.Parameters?.[name];
    if (parameter) {
      if (parameter.Default === undefined) throw new Error(`template: parameter ${name} has no default and no value`);
      return parameter.Default;
    }
    return referenceOf(this.#resource(name));
  }

  #attribute(id: string, attribute: string): Value {
    return attributeOf(this.#resource(id), attribute);
  }

  #resource(id: string): Resource {
    const properties = this.properties(id);
    return { id, type: this.#template.Resources[id]?.Type ?? '', properties };
  }

  #substitute(argument: Value, place: string): Value {
    const [text, names] = (Array.isArray(argument) ? argument : [argument, {}]) as [string, Record<string, Value>];
    return text.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal) return `\${${name}}`;
      const given = names[name];
      if (given !== undefined) return textOf(present(this.#value(given, place)));
      const dot = name.indexOf('.');
      return textOf(dot < 0 ? present(this.#ref(name)) : this.#attribute(name.slice(0, dot), name.slice(dot + 1)));
    });
  }
}

/** Where a text is made, `AWS::NoValue` is nothing. */
const present = (value: Resolved): Value => (value === NO_VALUE ? null : value);
