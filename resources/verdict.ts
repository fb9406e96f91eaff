import type { Suppression } from './suppressions.ts';

/** What a judge says against a template. */
export interface Finding {
  readonly rule: string;
  readonly severity: string;
  /** Logical id. */
  readonly resource: string | null;
  /** Property path and line. */
  readonly place: string;
  readonly message: string;
}

export interface Verdict {
  /** Without a reason. */
  readonly open: readonly Finding[];
  /** Findings let through, by the suppression that does. */
  readonly suppressed: ReadonlyMap<Suppression, number>;
  readonly unused: readonly Suppression[];
}

/** Judges findings by the list of reasons. */
export function judge(findings: readonly Finding[], suppressions: readonly Suppression[]): Verdict {
  const suppressed = new Map<Suppression, number>();
  const open = findings.filter((finding) => {
    const reason = suppressions.find((s) => covers(s, finding));
    if (reason) suppressed.set(reason, (suppressed.get(reason) ?? 0) + 1);
    return reason === undefined;
  });
  return { open, suppressed, unused: suppressions.filter((s) => !suppressed.has(s)) };
}

function covers(suppression: Suppression, { rule, resource }: Finding): boolean {
  if (suppression.rule !== rule) return false;
  return suppression.resources === undefined || (resource !== null && suppression.resources.includes(resource));
}

/** The reasons that a judge of these rules could need for a template of these resources. */
export const applicable = (
  suppressions: readonly Suppression[],
  rules: ReadonlySet<string>,
  ids: ReadonlySet<string>,
): Suppression[] =>
  suppressions.filter(
    ({ rule, resources }) => rules.has(rule) && (resources === undefined || resources.some((id) => ids.has(id))),
  );

/** The verdict for a person: what was let through, what is open, what is needless. */
export function toLines({ open, suppressed, unused }: Verdict): string[] {
  return [
    ...[...suppressed].map(([{ rule, reason }, count]) => `let through ${rule} × ${count}: ${reason}`),
    ...open.map((f) => `${f.severity} ${f.rule} ${f.resource ?? ''} (${f.place}): ${f.message}`),
    ...unused.map(
      ({ rule, resources }) =>
        `nothing needs the suppression of ${rule}${resources ? ` for ${resources.join(', ')}` : ''}: take it out`,
    ),
  ];
}
