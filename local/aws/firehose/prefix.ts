import { randomUUID } from 'node:crypto';

/** Letters of Java's DateTimeFormatter that prefixes use, in UTC. */
const FIELDS: Readonly<Record<string, (time: Date) => number>> = {
  y: (t) => t.getUTCFullYear(),
  Y: (t) => t.getUTCFullYear(),
  u: (t) => t.getUTCFullYear(),
  M: (t) => t.getUTCMonth() + 1,
  d: (t) => t.getUTCDate(),
  H: (t) => t.getUTCHours(),
  m: (t) => t.getUTCMinutes(),
  s: (t) => t.getUTCSeconds(),
};

const DEFAULT_TIME = '!{timestamp:yyyy/MM/dd/HH/}';
const EXPRESSION = /!\{([^:}]+):([^}]*)\}/g;

/**
 * A prefix with its expressions expanded for the arrival of the oldest record of the object (Firehose developer guide, "Custom prefixes").
 * A prefix without an expression of time gets `yyyy/MM/dd/HH/` after it, an error prefix first the error output type.
 * Throws on an expression that isn't known here.
 */
export function expandPrefix(prefix: string, oldest_ms: number, error_type?: string): string {
  let text = prefix;
  if (error_type !== undefined && !text.includes('!{firehose:error-output-type}')) {
    if (text.includes('!{')) throw new Error(`ErrorOutputPrefix ${prefix} has no !{firehose:error-output-type}`);
    text += '!{firehose:error-output-type}/';
  }
  if (!text.includes('!{timestamp:')) text += DEFAULT_TIME;
  const time = new Date(oldest_ms);
  return text.replace(EXPRESSION, (expression, namespace: string, value: string) => {
    if (namespace === 'timestamp') return formatTime(value, time);
    if (namespace === 'firehose' && value === 'error-output-type' && error_type !== undefined) return error_type;
    if (namespace === 'firehose' && value === 'random-string') return randomUUID().replaceAll('-', '').slice(0, 11);
    throw new Error(`prefix ${prefix}: ${expression} can't be expanded on this machine`);
  });
}

/** `<delivery stream>-<version>-<time of the oldest record>-<uuid>` (Firehose developer guide, "S3 object name format"). */
export function objectName(stream: string, oldest_ms: number, ending: string): string {
  const time = formatTime('yyyy-MM-dd-HH-mm-ss', new Date(oldest_ms));
  return `${stream}-1-${time}-${randomUUID()}${ending}`;
}

/** A pattern with quoted text (`'…'`) and runs of letters. */
function formatTime(pattern: string, time: Date): string {
  return pattern.replace(/'([^']*)'|([A-Za-z])\2*/g, (run: string, quoted: string | undefined, letter: string) => {
    if (quoted !== undefined) return quoted || "'";
    const field = FIELDS[letter];
    if (!field) throw new Error(`timestamp pattern ${pattern}: the letter ${letter} can't be expanded on this machine`);
    const digits = String(field(time)).padStart(run.length, '0');
    return run.length === 2 && 'yYu'.includes(letter) ? digits.slice(-2) : digits;
  });
}
