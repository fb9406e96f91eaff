import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { SUPPRESSIONS } from '../../resources/suppressions.ts';
import { type Finding, findingsIn, judge } from '../../resources/validate.ts';
import { packageService } from './package-service.ts';

const room = mkdtempSync(join(tmpdir(), 'bikelake-validate-'));
afterAll(() => rmSync(room, { recursive: true }));

const finding = (rule: string, resource: string | null): Finding => ({
  rule,
  resource,
  severity: 'WARN',
  place: 'Properties.X, line 1',
  message: 'm',
});

it('a finding without a reason stays open, and a reason without a finding is named', () => {
  const everywhere = { rule: 'A', reason: 'r' };
  const there = { rule: 'B', resources: ['There'], reason: 'r' };
  const needless = { rule: 'C', reason: 'r' };
  const verdict = judge(
    [finding('A', null), finding('B', 'There'), finding('B', 'Elsewhere'), finding('D', 'There')],
    [everywhere, there, needless],
  );
  expect(verdict.open.map(({ rule, resource }) => [rule, resource])).toEqual([
    ['B', 'Elsewhere'],
    ['D', 'There'],
  ]);
  expect([...verdict.suppressed.values()]).toEqual([1, 1]);
  expect(verdict.unused).toEqual([needless]);
});

it('the validator finds what is wrong with a template', () => {
  const file = join(room, 'wrong.json');
  const Queue = {
    Type: 'AWS::SQS::Queue',
    Properties: { NoSuchProperty: 1, MessageRetentionPeriod: { Ref: 'Nowhere' } },
  };
  writeFileSync(file, JSON.stringify({ Resources: { Queue } }));
  const { findings, rules } = findingsIn(file);
  expect(rules).toBeGreaterThan(300);
  const errors = findings.filter((f) => f.severity !== 'INFO').map((f) => f.message);
  expect(errors).toContainEqual(expect.stringContaining('NoSuchProperty'));
  expect(errors).toContainEqual(expect.stringContaining('Nowhere'));
});

it('the packaged template has no open finding, and every reason is needed', () => {
  const packaged = packageService('dev', { plan: fileURLToPath(new URL('fixtures/plan.json', import.meta.url)) });
  const { open, unused } = judge(findingsIn(packaged.file).findings, SUPPRESSIONS);
  packaged.remove();
  expect(open).toEqual([]);
  expect(unused).toEqual([]);
}, 60_000);
