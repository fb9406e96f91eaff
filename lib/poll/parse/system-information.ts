import { RejectedInput } from '../../errors.ts';
import { describe, isObject, parseJson } from './json.ts';
import { isEnglish, toKey, toText } from './text.ts';

/** Who a system is, and on what terms its feed may be used; null where the feed does not say. */
export interface SystemInformation {
  readonly system_id: string | null;
  readonly name: string | null;
  readonly operator: string | null;
  /** IANA name. */
  readonly time_zone: string | null;
  readonly languages: readonly string[];
  /** SPDX identifier (2.3 and later). */
  readonly license_id: string | null;
  readonly license_url: string | null;
  readonly attribution: string | null;
  readonly attribution_url: string | null;
}

/** A GBFS `system_information` document, 1.0 to 3.x. Throws RejectedInput `not_utf8`, `not_json` or `not_a_system_document`. */
export function parseSystemInformation(body: Buffer): SystemInformation {
  const root = parseJson(body);
  const data = isObject(root) ? root.data : null;
  if (!isObject(data) || (data.name === undefined && data.system_id === undefined && data.timezone === undefined)) {
    const message = `not a system_information document, which has a name under data: it is ${describe(root)}`;
    throw new RejectedInput('poll', 'not_a_system_document', message);
  }
  return {
    system_id: toKey(data.system_id),
    name: toText(data.name),
    operator: toText(data.operator),
    time_zone: toTimeZone(data.timezone),
    languages: toLanguages(data.languages ?? data.language),
    license_id: toText(data.license_id),
    license_url: toText(data.license_url),
    attribution: toText(data.attribution_organization_name),
    attribution_url: toText(data.attribution_url),
  };
}

/** English first, as everywhere a text has several languages. */
function toLanguages(value: unknown): string[] {
  const languages = (Array.isArray(value) ? value : [value]).map(toKey).filter((language) => language !== null);
  return languages.sort((a, b) => Number(isEnglish(b)) - Number(isEnglish(a)));
}

function toTimeZone(value: unknown): string | null {
  const name = toKey(value);
  if (name === null) return null;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone && name;
  } catch {
    return null; // a name that no database of zones has
  }
}
