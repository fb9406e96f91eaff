import { nameOf } from '../../template/attributes.ts';
import { type Honoured, only } from '../../template/honoured.ts';
import type { Properties, Resource } from '../../template/resolve.ts';
import { textOf } from '../../template/text.ts';

/** A function as the template defines it. */
export interface FunctionSettings {
  /** Physical name, such as `bikelake-dev-poll`. */
  readonly name: string;
  /** The name of its code package, such as `poll`: what the service definition calls it. */
  readonly short_name: string;
  /** `<file without ending>.<export>`, relative to the package. */
  readonly handler: string;
  readonly timeout_ms: number;
  readonly memory_mb: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Most execution environments at a time; null where the template sets none. */
  readonly reserved: number | null;
}

/** How the service treats an asynchronous invocation that fails: EventInvokeConfig. */
export interface AsyncSettings {
  readonly function_name: string;
  readonly maximum_retry_attempts: number;
  /** How long an event may wait to be run. */
  readonly maximum_age_ms: number;
}

/** How long the service keeps an event at most, and where nothing is said: six hours. */
const LONGEST_AGE_S = 21_600;

export const FUNCTION_HONOURED: Honoured = {
  FunctionName: true,
  Handler: true,
  Runtime: only('nodejs24.x'),
  Timeout: true,
  MemorySize: true,
  Environment: true,
  ReservedConcurrentExecutions: true,
  PackageType: only('Zip'),
  // Where the code lies, who may do what, and how AWS keeps logs: nothing to do here.
  Code: true,
  Role: true,
  Architectures: true,
  Description: true,
  Tags: true,
  LoggingConfig: true,
  TracingConfig: true,
  RecursiveLoop: true,
};

export const ASYNC_HONOURED: Honoured = {
  FunctionName: true,
  Qualifier: true,
  MaximumRetryAttempts: true,
  DestinationConfig: (value) =>
    Object.keys(value ?? {}).length === 0 ? null : 'destinations of asynchronous invocations are not honoured',
  MaximumEventAgeInSeconds: true,
};

export function toFunctionSettings(resource: Resource): FunctionSettings {
  const { properties: p } = resource;
  const name = nameOf(resource);
  const variables = (p.Environment as Properties | undefined)?.Variables as Properties | undefined;
  return {
    name,
    short_name: shortName(p, name),
    handler: textOf(p.Handler),
    timeout_ms: Number(p.Timeout ?? 3) * 1000,
    memory_mb: Number(p.MemorySize ?? 128),
    environment: Object.fromEntries(Object.entries(variables ?? {}).map(([key, value]) => [key, textOf(value)])),
    reserved: p.ReservedConcurrentExecutions === undefined ? null : Number(p.ReservedConcurrentExecutions),
  };
}

/** The zip is named after the function: `serverless/<service>/<stage>/<time>/poll.zip`. */
function shortName(p: Properties, name: string): string {
  const key = (p.Code as Properties | undefined)?.S3Key;
  const zip = typeof key === 'string' ? /([^/]+)\.zip$/.exec(key)?.[1] : undefined;
  return zip ?? name;
}

export const toAsyncSettings = ({ properties: p }: Resource): AsyncSettings => ({
  function_name: functionNameOf(textOf(p.FunctionName)),
  maximum_retry_attempts: Number(p.MaximumRetryAttempts ?? 2),
  maximum_age_ms: Number(p.MaximumEventAgeInSeconds ?? LONGEST_AGE_S) * 1000,
});

/** A function is meant by its name, its ARN, or its ARN with a version or alias. */
export function functionNameOf(nameOrArn: string): string {
  const match = /^arn:[^:]+:lambda:[^:]*:[^:]*:function:([^:]+)/.exec(nameOrArn);
  return match?.[1] ?? nameOrArn;
}
