import { FatalError } from '../../../lib/errors.ts';
import type { FaultKind } from '../faults.ts';
import { KINDS, NAMED_ONLY, SERVICES } from './places.ts';

/** Which calls a rule is about, and how many of them go wrong. */
export interface Rule {
  /** As it was written. */
  readonly text: string;
  /** null: every service; every operation; every kind but those that must be named. */
  readonly service: string | null;
  readonly operation: string | null;
  readonly kind: FaultKind | null;
  /** Share of the calls, 0 to 1; null for an exact call. */
  readonly rate: number | null;
  /** The n-th call that the rule fits, from 1; null for a rate. */
  readonly nth: number | null;
}

export interface FaultSpec {
  readonly rules: readonly Rule[];
  readonly seed: number;
}

const GRAMMAR =
  'give rules like 0.2, s3=0.2, s3.PutObject:lost_reply=0.2, s3.PutObject:lost_reply#3, throttle=0.1, seed=7';

/** Reads what stands behind `--faults`: rules between commas (docs/faults.md). Throws FatalError `bad_faults` that names the rule and what exists. */
export function parseFaults(text: string): FaultSpec {
  const rules: Rule[] = [];
  let seed = 1;
  for (const rule of text.split(',').map((part) => part.trim())) {
    const seeded = /^seed=(.*)$/.exec(rule);
    if (seeded) seed = wholeNumber(rule, seeded[1] ?? '', 0);
    else rules.push(parseRule(rule));
  }
  if (rules.length === 0) throw badRule(text, `no rule in it: ${GRAMMAR}`);
  return { rules, seed };
}

function parseRule(text: string): Rule {
  if (/^[\d.]/.test(text)) return { text, ...EVERYTHING, rate: parseRate(text, text), nth: null };
  const match = /^([^=#]+)(=|#)(.*)$/.exec(text);
  if (!match) throw badRule(text, GRAMMAR);
  const [, target = '', sign, value = ''] = match;
  const amount =
    sign === '=' ? { rate: parseRate(text, value), nth: null } : { rate: null, nth: wholeNumber(text, value, 1) };
  return { text, ...parseTarget(text, target), ...amount };
}

const EVERYTHING = { service: null, operation: null, kind: null };

/** `service`, `service.operation`, either with `:kind`, or a kind alone. */
function parseTarget(text: string, target: string): Pick<Rule, 'service' | 'operation' | 'kind'> {
  if (isKind(target)) return { ...EVERYTHING, kind: target };
  const colon = target.indexOf(':');
  const place = colon < 0 ? target : target.slice(0, colon);
  const dot = place.indexOf('.');
  const service = dot < 0 ? place : place.slice(0, dot);
  const operation = dot < 0 ? null : place.slice(dot + 1);
  const known = Object.hasOwn(SERVICES, service) ? SERVICES[service] : undefined;
  if (!known) {
    const services = Object.keys(SERVICES).join(', ');
    throw badRule(text, `there is no service or kind ${service}; services: ${services}; kinds: ${KINDS.join(', ')}`);
  }
  if (operation !== null && known.operations && !known.operations.includes(operation))
    throw badRule(text, `${service} has no ${operation}; it has ${known.operations.join(', ')}`);
  if (colon < 0) return { service, operation, kind: null };
  const kind = target.slice(colon + 1);
  if (!isKind(kind) || !known.kinds.includes(kind))
    throw badRule(text, `${service} can't do ${kind}; it does ${known.kinds.join(', ')}`);
  return { service, operation, kind };
}

const isKind = (text: string): text is FaultKind => (KINDS as readonly string[]).includes(text);

function parseRate(rule: string, text: string): number {
  const rate = Number(text);
  if (text !== '' && rate >= 0 && rate <= 1) return rate;
  throw badRule(rule, `a rate is a number from 0 to 1, such as 0.2, and not ${text || 'nothing'}`);
}

function wholeNumber(rule: string, text: string, lowest: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (value >= lowest) return value;
  throw badRule(rule, `it takes a whole number from ${lowest} on, and not ${text || 'nothing'}`);
}

const badRule = (rule: string, problem: string): FatalError =>
  new FatalError('local', 'bad_faults', `--faults: rule ${rule || '(empty)'}: ${problem}`);

/** Whether a rule is about a kind at a place (`service.operation`). A kind that must be named happens only by rules that name it. */
export function fits(rule: Rule, place: string, kind: FaultKind): boolean {
  if (rule.kind === null ? NAMED_ONLY.has(kind) : rule.kind !== kind) return false;
  if (rule.service === null) return true;
  return rule.operation === null ? place.startsWith(`${rule.service}.`) : place === `${rule.service}.${rule.operation}`;
}
