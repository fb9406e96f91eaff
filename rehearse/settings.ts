import type { Value } from '../local/template/resolve.ts';
import { EVERYTHING } from '../resources/everything.ts';
import { leavesOf } from './compare.ts';
import type { PackagedTemplate } from './references.ts';

export const STAGE = 'rehearsal';

/** Everything on, so that everything is deployed. */
export const PARAMETERS: Readonly<Record<string, string>> = { suffix: '-of-nobody', ...EVERYTHING };

/** A setting that a second deploy changes: the parameter, its new value, and a property that must be another one then. */
export interface Change {
  readonly stage: 'poll' | 'stream' | 'bronze' | 'silver' | 'gold' | 'watch';
  readonly parameter: string;
  readonly value: string;
  /** Logical id and property, such as `EventStream.RetentionPeriodHours`. */
  readonly shows: string;
}

/** One of each stage at least. The plan is changed as well: a schedule goes, and another comes. */
export const CHANGES: readonly Change[] = [
  { stage: 'poll', parameter: 'pollMemoryMB', value: '1536', shows: 'PollLambdaFunction.MemorySize' },
  { stage: 'stream', parameter: 'retentionHours', value: '72', shows: 'EventStream.RetentionPeriodHours' },
  { stage: 'stream', parameter: 'shardCount', value: '2', shows: 'EventStream.ShardCount' },
  {
    stage: 'bronze',
    parameter: 'bronzeIntervalSeconds',
    value: '600',
    shows: 'BronzeDeliveryStream.ExtendedS3DestinationConfiguration.BufferingHints.IntervalInSeconds',
  },
  { stage: 'silver', parameter: 'retentionHours', value: '72', shows: 'SilverMapping.MaximumRecordAgeInSeconds' },
  { stage: 'silver', parameter: 'silverMemoryMB', value: '1536', shows: 'SilverLambdaFunction.MemorySize' },
  {
    stage: 'gold',
    parameter: 'athenaScanLimitGB',
    value: '60',
    shows: 'Workgroup.WorkGroupConfiguration.BytesScannedCutoffPerQuery',
  },
  { stage: 'watch', parameter: 'logRetentionDays', value: '30', shows: 'PollLogGroup.RetentionInDays' },
];

/** Logical ids and ways of all properties that two templates don't have alike. */
export function changedProperties(before: PackagedTemplate, after: PackagedTemplate): Set<string> {
  const [a, b] = [propertiesOf(before), propertiesOf(after)];
  return new Set([...a.keys(), ...b.keys()].filter((name) => a.get(name) !== b.get(name)));
}

function propertiesOf({ Resources }: PackagedTemplate): Map<string, string> {
  return new Map(
    Object.entries(Resources).flatMap(([id, { Properties = {} }]) =>
      leavesOf(Properties as Value).map(({ path, value }) => [[id, ...path].join('.'), JSON.stringify(value)] as const),
    ),
  );
}
