import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import watch from '../../resources/watch.cjs';

/** What serverless.yml says of these, in a stage called dev. */
export const SAID: Readonly<Record<string, unknown>> = {
  'self:service': 'bikelake',
  'sls:stage': 'dev',
  'param:bronzeIntervalSeconds': 300,
  'param:pollsFailedPercent': 10,
  'param:gold': 'on',
  'param:customerKey': '',
  'param:alarmEmail': '',
  'param:slackWorkspaceId': '',
  'param:slackChannelId': '',
  'param:budgetUsd': '',
  'self:custom.names': {
    stream: 'bikelake-dev-events',
    bronze: 'bikelake-dev-bronze',
    quarantine: 'bikelake-dev-quarantine',
    gold: 'bikelake-dev-gold',
    alarms: 'bikelake-dev-alarms',
    metrics: 'bikelake/dev',
  },
};

/** The resources of watch, for a plan of groups with these intervals. */
export async function watchOf(intervals_s: readonly number[], differs: Readonly<Record<string, unknown>> = {}) {
  const room = mkdtempSync(join(tmpdir(), 'bikelake-watch-'));
  const plan = join(room, 'plan.json');
  writeFileSync(plan, JSON.stringify({ format: 1, groups: intervals_s.map((interval_s) => ({ interval_s })) }));
  const said: Readonly<Record<string, unknown>> = { ...SAID, 'param:plan': plan, ...differs };
  try {
    const { Resources } = await watch({
      resolveVariable: async (name) => {
        if (!(name in said)) throw new Error(`${name} is not said`);
        return said[name];
      },
    });
    return Resources;
  } finally {
    rmSync(room, { recursive: true });
  }
}
