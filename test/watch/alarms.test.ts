import { describe, expect, it } from 'vitest';
import { METRICS } from '../../lib/watch/metrics.ts';
import { watchOf } from './definition.ts';

type Resources = Awaited<ReturnType<typeof watchOf>>;
const ofType = (resources: Resources, type: string) =>
  Object.values(resources).flatMap(({ Type, Properties }) => (Type === `AWS::CloudWatch::${type}` ? [Properties] : []));
const alarmsOf = (resources: Resources) => ofType(resources, 'Alarm');

interface Stat {
  readonly Metric: { readonly Namespace: string; readonly MetricName: string; readonly Dimensions: unknown };
  readonly Stat: string;
  readonly Period: number;
}
type Alarm = Resources[string]['Properties'];
/** The metrics that an alarm reads. */
const statsOf = (alarm: Alarm): Stat[] =>
  alarm.Metrics?.flatMap(({ MetricStat }: { MetricStat?: Stat }) => MetricStat ?? []) ?? [
    { Metric: alarm, Stat: alarm.Statistic, Period: alarm.Period },
  ];

/** Every interval that a plan may have. */
const INTERVALS_S = [
  ...[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30].map((minutes) => minutes * 60),
  ...[1, 2, 3, 4, 6, 8, 12, 24].map((hours) => hours * 3600),
];

/** An alarm in a line: what it computes, when it is on, over how many of how many periods, and what missing data are. */
function lineOf(alarm: Alarm): string {
  const { AlarmName, ComparisonOperator, Threshold, DatapointsToAlarm, EvaluationPeriods, TreatMissingData } = alarm;
  const expression = alarm.Metrics?.find(({ Expression }: { Expression?: string }) => Expression)?.Expression;
  const than = ComparisonOperator === 'LessThanThreshold' ? '<' : '>';
  const period_s = statsOf(alarm)[0]?.Period;
  return `${AlarmName.replace('bikelake-dev-', '')}: ${expression ?? alarm.MetricName} ${than} ${Threshold}, ${DatapointsToAlarm} of ${EvaluationPeriods} × ${period_s} s, ${TreatMissingData}`;
}

describe('the alarms', () => {
  it('cover every stage and absence: twelve in data order, nine without Gold', async () => {
    const lines = alarmsOf(await watchOf([600, 60])).map(lineOf);
    expect(lines).toEqual([
      'poll-silent: IF(clock > 0, FILL(polls, 0)) < 1, 15 of 15 × 60 s, ignore',
      'poll-failed: 100 * failed / polls > 10, 3 of 3 × 300 s, notBreaching',
      'poll-frozen: 100 * frozen / polls > 10, 3 of 3 × 300 s, notBreaching',
      'poll-key-refused: KeyRefused > 0, 2 of 2 × 300 s, notBreaching',
      'stream-throttled: WriteProvisionedThroughputExceeded > 0, 3 of 5 × 60 s, notBreaching',
      'bronze-behind: IF(FILL(age, -1) >= 0 OR polls > 0, FILL(age, 86400)) > 1200, 3 of 3 × 300 s, ignore',
      'bronze-errors: FILL(rows, 0) + FILL(transform, 0) + FILL(delivery, 0) > 0, 1 of 1 × 300 s, notBreaching',
      'silver-behind: IF(FILL(age, -1) >= 0 OR polls > 0, FILL(age, 86400000)) > 300000, 5 of 5 × 60 s, ignore',
      'silver-given-up: FILL(given, 0) + FILL(dropped, 0) > 0, 1 of 1 × 300 s, notBreaching',
      'gold-late: IF(clock > 0, FILL(changes, -1)) < 0, 28 of 28 × 3600 s, ignore',
      'gold-ledger: LedgerDifference > 0, 1 of 1 × 300 s, ignore',
      'gold-audit: AuditFindings > 0, 1 of 1 × 300 s, ignore',
    ]);
    const withoutGold = alarmsOf(await watchOf([600, 60], { 'param:gold': 'off' })).map(lineOf);
    expect(withoutGold).toEqual(lines.slice(0, 9));
  });

  it('wait as long as the fastest group of the plan needs', async () => {
    const lines = async (...intervals_s: number[]) =>
      alarmsOf(await watchOf(intervals_s, { 'param:gold': 'off' })).map((a) =>
        lineOf(a).replace(/^(.*?): .*, (.*),.*/, '$1 $2'),
      );
    expect(await lines(1200, 3600)).toEqual([
      'poll-silent 60 of 60 × 60 s',
      'poll-failed 3 of 3 × 1500 s',
      'poll-frozen 3 of 3 × 1500 s',
      'poll-key-refused 2 of 2 × 1500 s',
      'stream-throttled 3 of 5 × 1500 s',
      'bronze-behind 3 of 3 × 1500 s',
      'bronze-errors 1 of 1 × 300 s',
      'silver-behind 2 of 2 × 1500 s',
      'silver-given-up 1 of 1 × 300 s',
    ]);
    expect((await lines(86_400))[0]).toBe('poll-silent 72 of 72 × 3600 s');
    expect((await lines())[0]).toBe('poll-silent 15 of 15 × 60 s');
  });

  it('keep to what CloudWatch allows, whatever the plan', async () => {
    const HOUR_S = 3600;
    const DAY_S = 86_400;
    for (const interval_s of INTERVALS_S) {
      for (const bronze_s of [60, 100, 900]) {
        const alarms = alarmsOf(await watchOf([interval_s], { 'param:bronzeIntervalSeconds': bronze_s }));
        for (const alarm of alarms) {
          const periods_s = new Set(statsOf(alarm).map(({ Period }) => Period));
          expect(periods_s.size, 'all metrics of an alarm have one period').toBe(1);
          const [period_s = 0] = periods_s;
          expect([period_s % 60, period_s <= DAY_S]).toEqual([0, true]);
          expect(period_s * alarm.EvaluationPeriods).toBeLessThanOrEqual(period_s < HOUR_S ? DAY_S : 7 * DAY_S);
          expect(alarm.DatapointsToAlarm).toBeLessThanOrEqual(alarm.EvaluationPeriods);
        }
      }
    }
  });

  it('compute one series each, of the metrics that they read', async () => {
    for (const { Metrics } of alarmsOf(await watchOf([60]))) {
      if (Metrics === undefined) continue;
      const [watched, ...read] = Metrics;
      expect(Metrics.filter(({ ReturnData }: { ReturnData: boolean }) => ReturnData)).toEqual([watched]);
      const ids = read.map(({ Id }: { Id: string }) => Id);
      const words = watched.Expression.match(/[A-Za-z]\w*/g) as string[];
      expect(new Set(words.filter((word) => !['IF', 'FILL', 'OR'].includes(word)))).toEqual(new Set(ids));
      for (const id of ids) expect(id).toMatch(/^[a-z][a-zA-Z0-9_]*$/);
    }
  });

  it('tell the topic when they begin and when they are over, and so does the one over all', async () => {
    const resources = await watchOf([60]);
    const topic = [{ Ref: 'AlarmTopic' }];
    const [unwell = {}] = ofType(resources, 'CompositeAlarm');
    for (const alarm of [...alarmsOf(resources), unwell]) {
      expect(alarm).toMatchObject({ AlarmActions: topic, OKActions: topic });
    }
    expect(unwell.AlarmName).toBe('bikelake-dev-unwell');
    const named = [...unwell.AlarmRule['Fn::Sub'].matchAll(/ALARM\("\$\{(\w+)\}"\)/g)].map(([, id]) => id);
    const ids = Object.keys(resources).filter((id) => resources[id]?.Type === 'AWS::CloudWatch::Alarm');
    expect(named).toEqual(ids);
    expect(unwell.AlarmRule['Fn::Sub'].split(' OR ')).toHaveLength(12);
  });

  it('say what they mean in a sentence, and name their runbook', async () => {
    for (const { AlarmName, AlarmDescription } of alarmsOf(await watchOf([60]))) {
      const name = AlarmName.replace('bikelake-dev-', '');
      expect(AlarmDescription).toMatch(new RegExp(`^[A-Z][^.]+\\. Runbook: docs/runbooks/alarm-${name}\\.md$`));
      expect(AlarmDescription.length).toBeLessThanOrEqual(1024);
    }
  });

  it('read of our own metrics only those of the table, each by its stage and its statistic', async () => {
    const own = alarmsOf(await watchOf([60]))
      .flatMap(statsOf)
      .filter(({ Metric }) => Metric.Namespace === 'bikelake/dev');
    expect(own.length).toBeGreaterThan(6);
    for (const { Metric, Stat } of own) {
      const row = METRICS.find(({ name }) => name === Metric.MetricName);
      expect([Metric.Dimensions, Stat]).toEqual([[{ Name: 'stage', Value: row?.stage }], row?.statistic]);
    }
  });
});

describe('who is told', () => {
  const ids = async (differs: Record<string, unknown>) => {
    const resources = await watchOf([60], differs);
    return Object.keys(resources).filter((id) => !/(?<!Unwell)Alarm$|^Dashboard$|^UnwellAlarm$/.test(id));
  };

  it('nobody but the topic, unless it is configured', async () => {
    expect(await ids({})).toEqual(['AlarmTopic', 'AlarmTopicPolicy']);
    expect(await ids({ 'param:slackWorkspaceId': 'T0' })).toEqual(['AlarmTopic', 'AlarmTopicPolicy']);
  });

  it('an address, a channel in Slack that may only read, a budget', async () => {
    const configured = {
      'param:alarmEmail': 'on-call@example.org',
      'param:slackWorkspaceId': 'T0',
      'param:slackChannelId': 'C0',
      'param:budgetUsd': '25',
    };
    expect(await ids(configured)).toEqual([
      'AlarmTopic',
      'AlarmTopicPolicy',
      'AlarmEmail',
      'SlackRole',
      'SlackChannel',
      'MonthlyBudget',
    ]);
    const { AlarmEmail, SlackRole, SlackChannel, MonthlyBudget } = await watchOf([60], configured);
    expect(AlarmEmail?.Properties).toEqual({
      TopicArn: { Ref: 'AlarmTopic' },
      Protocol: 'email',
      Endpoint: 'on-call@example.org',
    });
    expect(SlackChannel?.Properties).toMatchObject({
      SlackWorkspaceId: 'T0',
      SlackChannelId: 'C0',
      GuardrailPolicies: [{ 'Fn::Sub': 'arn:${AWS::Partition}:iam::aws:policy/CloudWatchReadOnlyAccess' }],
    });
    const actions = SlackRole?.Properties.Policies[0].PolicyDocument.Statement[0].Action as string[];
    for (const action of actions) expect(action).toMatch(/^cloudwatch:(Describe|Get)/);
    expect(MonthlyBudget?.Properties.Budget).toMatchObject({
      BudgetLimit: { Amount: 25, Unit: 'USD' },
      CostFilters: { TagKeyValue: ['user:stack$bikelake-dev'] },
    });
    expect(MonthlyBudget?.Properties.NotificationsWithSubscribers).toMatchObject([
      { Notification: { NotificationType: 'ACTUAL', Threshold: 80 } },
      { Notification: { NotificationType: 'FORECASTED', Threshold: 100 } },
    ]);
  });

  it('by a topic that only alarms of this stage and the budget may speak to, and only by TLS', async () => {
    const { AlarmTopic, AlarmTopicPolicy } = await watchOf([60]);
    expect(AlarmTopic?.Properties).toEqual({ TopicName: 'bikelake-dev-alarms', DisplayName: 'bikelake dev' });
    const said = AlarmTopicPolicy?.Properties.PolicyDocument.Statement.map(
      (s: { Effect: string; Principal: unknown; Condition: unknown }) => [s.Effect, s.Principal, s.Condition],
    );
    const account = { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } };
    const alarm = 'arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:bikelake-dev-*';
    expect(said).toEqual([
      [
        'Allow',
        { Service: 'cloudwatch.amazonaws.com' },
        { ...account, ArnLike: { 'aws:SourceArn': { 'Fn::Sub': alarm } } },
      ],
      ['Allow', { Service: 'budgets.amazonaws.com' }, account],
      ['Deny', '*', { Bool: { 'aws:SecureTransport': 'false' } }],
    ]);
    const customerKey = 'arn:aws:kms:us-east-1:123456789012:key/1';
    const encrypted = await watchOf([60], { 'param:customerKey': customerKey });
    expect(encrypted.AlarmTopic?.Properties.KmsMasterKeyId).toBe(customerKey);
  });

  it('of a parameter that is no number', async () => {
    await expect(watchOf([60], { 'param:budgetUsd': 'much' })).rejects.toThrow(
      'the parameter budgetUsd is "much": give a number above 0',
    );
    await expect(watchOf([60], { 'param:bronzeIntervalSeconds': '' })).rejects.toThrow('bronzeIntervalSeconds');
  });
});
