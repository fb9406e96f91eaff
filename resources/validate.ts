/**
 * `npm run validate [-- TEMPLATE]`: judges the packaged CloudFormation template offline, with nothing but npm's packages: schema, semantics,
 * security. Ends with 1 on every finding, of whatever severity, that has no reason in suppressions.ts, and on a reason that this template
 * doesn't need. `npm run judge` asks two more judges.
 */
import { existsSync, readFileSync } from 'node:fs';
import { RegoEngine, TemplateFile } from '@aws/cloudformation-validate';
import { SUPPRESSIONS } from './suppressions.ts';
import { applicable, type Finding, judge, toLines } from './verdict.ts';

const PACKAGED = '.serverless/cloudformation-template-update-stack.json';

/** What the rules of @aws/cloudformation-validate find in a template file, and which rules there are. */
export function findingsIn(file: string): {
  readonly findings: readonly Finding[];
  readonly rules: ReadonlySet<string>;
} {
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
    return { findings, rules: new Set(engine.listRules().map((rule) => rule.id)) };
  } finally {
    engine.free();
  }
}

/** Logical ids of a template file. */
export const idsIn = (file: string): ReadonlySet<string> =>
  new Set(Object.keys((JSON.parse(readFileSync(file, 'utf8')) as { Resources: object }).Resources));

function main(file: string): number {
  if (!existsSync(file)) {
    console.error(`${file} is not there: package the service first (npm run package)`);
    return 1;
  }
  const { findings, rules } = findingsIn(file);
  const verdict = judge(findings, applicable(SUPPRESSIONS, rules, idsIn(file)));
  for (const line of toLines(verdict)) console.log(line);
  const { open, unused } = verdict;
  console.log(`${file}: ${rules.size} rules, ${open.length} findings, ${findings.length - open.length} let through`);
  return open.length + unused.length > 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = main(process.argv[2] ?? PACKAGED);
