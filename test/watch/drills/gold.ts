import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudWatchClient, PutMetricDataCommand, type PutMetricDataCommandInput } from '@aws-sdk/client-cloudwatch';
import { StateMachine } from 'aws-local-stepfunctions';
import { settleLake } from '../../../jobs/duckdb/settle.ts';
import { type RunReport, writeReport } from '../../../jobs/report.ts';
import { decodeObject, encodeObject } from '../../../lib/silver/object.ts';
import { chainLake, minutePolls } from '../../gold/chain-lake.ts';
import { at, type SmallLake } from '../../gold/small-lake.ts';
import type { Drill } from './drill.ts';
import { PREFIX, type Room } from './room.ts';
import { ANYBODY } from './stream.ts';

const LOG = 'log/lane=a/event_date=2026-11-21';
const UNTIL = '2026-11-22T01:00:00Z';
const ACCOUNT = '000000000000';

/** A lake of an hour over a midnight that somebody touched before it was settled; its run's report. */
async function reportAfter(touch: (lake: SmallLake) => Promise<void> | void): Promise<RunReport> {
  const lake = await chainLake(minutePolls(at('2026-11-21T23:20:00Z'), at('2026-11-22T00:20:00Z')));
  try {
    await touch(lake);
    const settled = await settleLake(lake.root);
    return await writeReport(lake.root, { run: 'drill', until: UNTIL, settled, seconds: {} });
  } finally {
    lake.remove();
  }
}

/** Puts the metrics of a report as the template's state machine does: by its own state, in an interpreter. */
export async function putReport(room: Room, report: RunReport): Promise<void> {
  const client = new CloudWatchClient({ endpoint: room.cloud.endpoints.AWS_ENDPOINT_URL_CLOUDWATCH ?? '', ...ANYBODY });
  const { Resource, Parameters } = room.stateOf('PutMetrics');
  if (Resource !== 'arn:aws:states:::aws-sdk:cloudwatch:putMetricData')
    throw new Error(`PutMetrics is ${String(Resource)}`);
  const state = { Type: 'Task' as const, Resource, Parameters, End: true as const };
  const machine = new StateMachine({ StartAt: 'PutMetrics', States: { PutMetrics: state } });
  const put = async (input: unknown) => {
    await client.send(new PutMetricDataCommand(input as PutMetricDataCommandInput));
    return {};
  };
  const { result } = machine.run(
    { read: { report: { ...report, dates: [...report.dates], incomplete: [...report.incomplete] } } },
    { overrides: { taskResourceLocalHandlers: { PutMetrics: put } } },
  );
  await result;
  client.destroy();
}

/** A run of the state machine comes to its end, as Step Functions counts it (developer guide, "Execution metrics"). */
export function execution(room: Room, end: 'ExecutionsSucceeded' | 'ExecutionsFailed'): void {
  const dimensions = { StateMachineArn: `arn:aws:states:us-east-1:${ACCOUNT}:stateMachine:${PREFIX}gold` };
  room.cloud.metrics.series({ namespace: 'AWS/States', name: end, dimensions }).add(1, room.now());
}

/** The report of a day on which all is well. */
export const NOTHING_FOUND: RunReport = {
  run: 'well',
  until: UNTIL,
  dates: ['2026-11-21'],
  incomplete: [],
  settled_spans: 100,
  settled_changes: 40,
  ledger_difference: 0,
  audit_missing: 0,
  audit_extra: 0,
  audit_explained: 0,
  seconds: {},
};

/** Nothing is polled: of what is below only the daily run is seen. */
const NOTHING = { systems: [] };

export const GOLD: readonly Drill[] = [
  {
    alarm: 'gold-late',
    condition: 'the daily run fails, and so does the next one',
    also: ['poll-silent'],
    room: NOTHING,
    cause: async (room) => {
      await room.stopPolling();
      await putReport(room, NOTHING_FOUND);
      for (let day = 0; day < 2; day += 1) {
        await room.hours(24);
        execution(room, 'ExecutionsFailed');
      }
    },
    within: 1,
  },
  {
    alarm: 'gold-late',
    condition: 'the daily run fails, and the tables are maintained all the same',
    also: ['poll-silent'],
    room: NOTHING,
    cause: async (room) => {
      await room.stopPolling();
      await putReport(room, NOTHING_FOUND);
      execution(room, 'ExecutionsSucceeded');
      await room.hours(24);
      execution(room, 'ExecutionsFailed');
      await room.hours(2);
      execution(room, 'ExecutionsSucceeded'); // of maintain
      await room.hours(4);
    },
    within: 1,
  },
  {
    alarm: 'gold-late',
    condition: 'the daily run was never begun',
    also: ['poll-silent'],
    room: NOTHING,
    cause: async (room) => {
      await room.stopPolling();
      await room.hours(30);
    },
    within: 1,
  },
  {
    alarm: 'gold-ledger',
    condition: 'a file of Bronze is gone, and the run settles without it',
    room: NOTHING,
    cause: async (room) => {
      await room.minutes(1);
      const bronze = 'bronze/events/dt=2026-11-21/hh=23/0003.parquet';
      const report = await reportAfter((lake) => rmSync(join(lake.root, bronze)));
      await putReport(room, { ...report, audit_missing: 0, audit_extra: 0 }); // what the audit says of it is the next drill
    },
    within: 3,
  },
  {
    alarm: 'gold-audit',
    condition: 'a change was taken out of the log',
    room: NOTHING,
    cause: async (room) => {
      await room.minutes(1);
      await putReport(room, await reportAfter(takeChange));
    },
    within: 3,
  },
];

async function takeChange(lake: SmallLake): Promise<void> {
  const name = readdirSync(join(lake.root, LOG)).sort()[2] ?? '';
  const file = join(lake.root, LOG, name);
  const { object, before } = await decodeObject(readFileSync(file));
  if (object.type !== 'batch') throw new Error(`${file} is no batch`);
  writeFileSync(
    file,
    encodeObject('a', Number.parseInt(name, 10), { ...object, changes: object.changes.slice(1) }, before),
  );
}
