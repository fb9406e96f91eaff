import type { Properties, Value } from '../../local/template/resolve.ts';
import type { Clients } from '../clients.ts';

export interface Deployed {
  /** Physical id. */
  readonly physical: string;
  /** The properties of the template, resolved: where the API asks for more than the physical id. */
  readonly properties: Properties;
}

/** How a type is read back. */
export interface Reader {
  /** What the API shows, as properties of the template's type; undefined where nothing is there. Throws what isn't an answer. */
  readonly read: (clients: Clients, deployed: Deployed) => Promise<Shown | undefined>;
  /** The template's properties in the form that `read` gives, where a type can be written in several. */
  readonly form?: (properties: Properties) => Value;
  /** Properties that no call of the service's API shows, on AWS neither, with the reason. */
  readonly unreadable?: Readonly<Record<string, string>>;
}

/** The SDK's answers are typed without index signatures; a comparison asks for names. */
// biome-ignore lint/suspicious/noExplicitAny: answers of fifteen services in one shape
export type Shown = Record<string, any>;

/** The answer, or undefined where the server says that there is none, or that it doesn't know the call. */
export function answered<T>(call: Promise<T>): Promise<T | undefined> {
  return call.catch((error: unknown) => {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
    if ((status >= 400 && status < 500) || status === 501) return undefined;
    throw error;
  });
}

/** Documents come as text, in IAM percent-encoded. What is no JSON stays as it is. */
export function documentOf(text: string | undefined): Value | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text.startsWith('%') ? decodeURIComponent(text) : text) as Value;
  } catch {
    return text;
  }
}
