import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { SUPPRESSIONS } from '../../resources/suppressions.ts';
import { findingsIn, idsIn } from '../../resources/validate.ts';
import { applicable, type Finding, judge } from '../../resources/verdict.ts';
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

it('a reason is needless only for a judge that has its rule, and a template that has its resource', () => {
  const own = { rule: 'A', reason: 'r' };
  const there = { rule: 'A', resources: ['There', 'Gone'], reason: 'r' };
  const gone = { rule: 'A', resources: ['Gone'], reason: 'r' };
  const foreign = { rule: 'CKV_1', reason: 'r' };
  expect(applicable([own, there, gone, foreign], new Set(['A']), new Set(['There']))).toEqual([own, there]);
});

it('no finding is let through without a sentence that says why', () => {
  expect(SUPPRESSIONS.filter(({ reason }) => reason.split(' ').length < 8)).toEqual([]);
});

it('the validator finds what is wrong with a template', () => {
  const file = join(room, 'wrong.json');
  const Queue = {
    Type: 'AWS::SQS::Queue',
    Properties: { NoSuchProperty: 1, MessageRetentionPeriod: { Ref: 'Nowhere' } },
  };
  writeFileSync(file, JSON.stringify({ Resources: { Queue } }));
  const { findings, rules } = findingsIn(file);
  expect(rules.size).toBeGreaterThan(300);
  const errors = findings.filter((f) => f.severity !== 'INFO').map((f) => f.message);
  expect(errors).toContainEqual(expect.stringContaining('NoSuchProperty'));
  expect(errors).toContainEqual(expect.stringContaining('Nowhere'));
});

it('the packaged template has no open finding, and every reason is needed', () => {
  const packaged = packageService('dev', { plan: fileURLToPath(new URL('fixtures/plan.json', import.meta.url)) });
  const { findings, rules } = findingsIn(packaged.file);
  const { open, unused } = judge(findings, applicable(SUPPRESSIONS, rules, idsIn(packaged.file)));
  packaged.remove();
  expect(open).toEqual([]);
  expect(unused).toEqual([]);
}, 60_000);
