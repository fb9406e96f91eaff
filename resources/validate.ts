/**
 * `npm run validate [-- TEMPLATE]`: judges the packaged CloudFormation template offline: schema, semantics, security.
 * Ends with 1 on every finding, of whatever severity, that has no reason in suppressions.ts, and on a reason that nothing needs.
 */
import { existsSync } from 'node:fs';
import { RegoEngine, TemplateFile } from '@aws/cloudformation-validate';
import { SUPPRESSIONS, type Suppression } from './suppressions.ts';

const PACKAGED = '.serverless/cloudformation-template-update-stack.json';

export interface Finding {
  readonly rule: string;
  readonly severity: string;
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
  return { open, suppressed, unused: suppressions.filter((s) => !suppressed.has(s) && s.part === undefined) };
}

function covers(suppression: Suppression, { rule, resource }: Finding): boolean {
  if (suppression.rule !== rule) return false;
  return suppression.resources === undefined || (resource !== null && suppression.resources.includes(resource));
}

/** What the rules of @aws/cloudformation-validate find in a template file. */
export function findingsIn(file: string): { readonly findings: readonly Finding[]; readonly rules: number } {
  const engine = new RegoEngine();
  try {
    const { diagnostics } = engine.validateStandard(new TemplateFile(file));
    const findings = diagnostics.map((d) => ({
      rule: d.ruleId,
      severity: String(d.severity),
      resource: d.entity?.logicalId ?? null,
      place: `${d.propertyPath ?? d.entity?.logicalId ?? 'template'}, line ${d.startLine ?? '?'}`,
      message: d.message,
    }));
    return { findings, rules: engine.listRules().length };
  } finally {
    engine.free();
  }
}

function main(file: string): number {
  if (!existsSync(file)) {
    console.error(`${file} is not there: package the service first (npm run package)`);
    return 1;
  }
  const { findings, rules } = findingsIn(file);
  const { open, suppressed, unused } = judge(findings, SUPPRESSIONS);
  for (const [{ rule, reason }, count] of suppressed) console.log(`let through ${rule} × ${count}: ${reason}`);
  for (const f of open) console.error(`${f.severity} ${f.rule} ${f.resource ?? ''} (${f.place}): ${f.message}`);
  for (const { rule, resources } of unused) {
    console.error(
      `nothing needs the suppression of ${rule}${resources ? ` for ${resources.join(', ')}` : ''}: take it out`,
    );
  }
  console.log(`${file}: ${rules} rules, ${open.length} findings, ${findings.length - open.length} let through`);
  return open.length + unused.length > 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = main(process.argv[2] ?? PACKAGED);
