import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseCsv } from '../../lib/poll/csv.ts';
import { type PlannableSystem, planOf } from '../../lib/poll/plan.ts';
import { EVERYTHING } from '../../resources/everything.ts';
import { hasSharedData, readShared } from '../shared.ts';
import { packageService, ROOT } from './package-service.ts';

const room = mkdtempSync(join(tmpdir(), 'bikelake-world-'));
afterAll(() => rmSync(room, { recursive: true }));

/** Every system that is known to publish GBFS, each polled every minute. */
function world(): PlannableSystem[] {
  const [, ...rows] = parseCsv(readShared('gbfs/systems.csv').toString('utf8'));
  return rows.map(({ values }, n) => ({
    system_id: `${(values[3] ?? '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '_')
      .slice(0, 35)}_${n}`,
    kind: 'gbfs',
    url: values[5] ?? '',
    interval_s: 60,
    time_zone: 'America/Argentina/Buenos_Aires',
    stations: 150,
  }));
}

describe.skipIf(!hasSharedData)('the systems of the world', () => {
  it('fit into one template, a schedule a group', () => {
    const systems = world();
    expect(systems.length).toBeGreaterThan(1500);
    const plan = planOf(systems);
    const file = join(room, 'plan.json');
    writeFileSync(file, JSON.stringify(plan));

    // With everything on: what the parts beside the schedules add counts too.
    const packaged = packageService('prod', {
      plan: file,
      ...EVERYTHING,
    });
    const resources = Object.values(packaged.resources);
    const inputs = resources
      .filter(
        ({ Type, Properties }) => Type === 'AWS::Scheduler::Schedule' && 'group' in JSON.parse(Properties.Target.Input),
      )
      .map(({ Properties }) => Properties.Target.Input as string);
    packaged.remove();

    expect(inputs).toHaveLength(24);
    expect(inputs.flatMap((input) => JSON.parse(input).group.systems)).toHaveLength(systems.length);
    expect(Math.max(...inputs.map((input) => Buffer.byteLength(input)))).toBeLessThan(256 * 1024);
    expect(resources.length).toBeLessThan(450);
    expect(packaged.template_bytes).toBeLessThan(1_000_000);
    console.log(
      `${systems.length} systems: ${resources.length} resources, ${packaged.template_bytes} bytes of template, largest input ${Math.max(...inputs.map((i) => i.length))}`,
    );
  }, 60_000);
});

it('the committed plan packages, a schedule a group', () => {
  const plan = JSON.parse(readFileSync(join(ROOT, 'config/plan.json'), 'utf8'));
  const packaged = packageService('dev');
  const groups = Object.values(packaged.resources)
    .filter(
      ({ Type, Properties }) => Type === 'AWS::Scheduler::Schedule' && 'group' in JSON.parse(Properties.Target.Input),
    )
    .map(({ Properties }) => JSON.parse(Properties.Target.Input).group);
  packaged.remove();
  expect(groups).toEqual(plan.groups);
  expect(groups[0].group_id).toBe('seoul-60s');
}, 60_000);
