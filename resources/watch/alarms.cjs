// The alarms, in data order. Absence is counted as it lasts: where something should be, a value stands for what is not there. What is missing
// altogether, in the minutes before the first poll and in those that are not seen yet, changes no state (ignore) or is no fault (notBreaching);
// so a first deploy is quiet, and an alarm stays on until what it misses is back (test/watch/alarms-over-time.test.ts).
const { dimensionsOf, metricsOf } = require('./metrics.cjs');

const MINUTE_S = 60;
const HOUR_S = 3600;
/** The longest period of an alarm. */
const DAY_S = 86_400;
const SEEN_LATE_S = 300;
/** Stands for the age of what has not been seen at all: a day. */
const UNSEEN_S = DAY_S;

/** The alarms that a stage has. `settings`: see watch.cjs. */
function alarmsOf(settings) {
  const m = metricsOf(settings);
  const { shortest_s, pollsFailedPercent, bronzeIntervalSeconds } = settings;
  const withPolls = (least_s) => Math.max(least_s, seenPoll(shortest_s));
  const wholeMinutes = (s) => Math.ceil(s / MINUTE_S) * MINUTE_S;
  const silver_s = withPolls(MINUTE_S);

  const alarms = {
    // Without polls there are no receipts to count: the clock says that the stack lives. A plan of hours is judged by the hour, because an
    // alarm may look back a day by the minute, and a week by the hour. Schedules are made minutes after what reads the stream.
    'poll-silent': {
      says: 'No poll has been counted for as long as three of the fastest group take: the schedules do not fire, or the function does not run.',
      expression: 'IF(clock > 0, FILL(polls, 0))',
      reads: { clock: m.clock, polls: m.Polls },
      threshold: ['LessThanThreshold', 1],
      ...silence(shortest_s),
      missing: 'ignore', // no clock: the stack is not there yet, or this minute of it is not seen yet
    },
    // Nothing polled is no share: no data, and poll-silent's.
    'poll-failed': {
      says: `More than ${pollsFailedPercent} % of the polls bring nothing: feeds are down, refuse, or are left alone by their breakers.`,
      expression: '100 * failed / polls',
      reads: { failed: m.PollsFailed, polls: m.Polls },
      threshold: ['GreaterThanThreshold', pollsFailedPercent],
      period_s: withPolls(300),
      of: 3,
      missing: 'notBreaching',
    },
    'poll-frozen': {
      says: 'More than 10 % of the polls find a feed that answers and has not moved for more than an hour.',
      expression: '100 * frozen / polls',
      reads: { frozen: m.FeedsFrozen, polls: m.Polls },
      threshold: ['GreaterThanThreshold', 10],
      period_s: withPolls(300),
      of: 3,
      missing: 'notBreaching',
    },
    // Sent only when it happens. While the breaker leaves the feed alone for that reason, it is sent too, so it does not go out between probes.
    'poll-key-refused': {
      says: 'The key of a feed is refused, or it could not be read.',
      reads: { refused: m.KeyRefused },
      threshold: ['GreaterThanThreshold', 0],
      period_s: withPolls(300),
      of: 2,
      missing: 'notBreaching',
    },
    // Three of five: polls come in bursts, and a single throttled one is made up for by its retries.
    'stream-throttled': {
      says: 'The stream refuses records again and again: it has too few shards for what the polls send.',
      reads: { throttled: m.throttledPuts },
      threshold: ['GreaterThanThreshold', 0],
      period_s: withPolls(MINUTE_S),
      of: 5,
      least: 3,
      missing: 'notBreaching',
    },
    // A delivery makes a point, so a period is long enough for one. Without one although there were polls: unseen for a day. The first
    // delivery after a deploy comes within two periods; three are needed. Without polls and deliveries nothing is known, and the state stays.
    'bronze-behind': {
      says: 'What comes through the stream is not in Bronze in time, or not at all: the delivery stream does not keep up, or does not deliver.',
      expression: `IF(FILL(age, -1) >= 0 OR polls > 0, FILL(age, ${UNSEEN_S}))`,
      reads: { age: m.freshness, polls: m.Polls },
      threshold: ['GreaterThanThreshold', bronzeIntervalSeconds + 900],
      period_s: wholeMinutes(withPolls(Math.max(300, bronzeIntervalSeconds))),
      of: 3,
      missing: 'ignore',
    },
    // None of them has data where nothing went wrong, so each is filled.
    'bronze-errors': {
      says: 'Records were marked as failed by the transform, rows could not be converted, or a delivery failed: they lie under errors/bronze/.',
      expression: 'FILL(rows, 0) + FILL(transform, 0) + FILL(delivery, 0)',
      reads: { rows: m.rowsNotConverted, transform: m.transformLines, delivery: m.deliveryLines },
      threshold: ['GreaterThanThreshold', 0],
      period_s: 300,
      of: 1,
      missing: 'notBreaching',
    },
    // A batch makes a point. Without one although there were polls: unseen for a day. A batch comes within two minutes of its polls.
    'silver-behind': {
      says: 'What comes through the stream is not in the log within five minutes, or not at all: the function fails or lags, or the mapping is off.',
      expression: `IF(FILL(age, -1) >= 0 OR polls > 0, FILL(age, ${UNSEEN_S * 1000}))`,
      reads: { age: m.silverAge, polls: m.Polls },
      threshold: ['GreaterThanThreshold', 300_000],
      period_s: silver_s,
      of: Math.max(2, Math.ceil(300 / silver_s)),
      missing: 'ignore',
    },
    'silver-given-up': {
      says: 'Batches were given up after the last retry: they lie under aws/lambda/ until they are redriven.',
      expression: 'FILL(given, 0) + FILL(dropped, 0)',
      reads: { given: m.givenUp, dropped: m.dropped },
      threshold: ['GreaterThanThreshold', 0],
      period_s: 300,
      of: 1,
      missing: 'notBreaching',
    },
  };
  const daily = {
    // A run a day, and four hours for it: a failed, timed out, aborted run and one that was not begun all look the same here. By what a run
    // puts that settled: the machine counts runs of maintain and trips among those that succeeded.
    'gold-late': {
      says: 'No run of settle and Gold has come to its end for 28 hours.',
      expression: 'IF(clock > 0, FILL(changes, -1))',
      reads: { clock: m.clock, changes: m.SettledChanges },
      threshold: ['LessThanThreshold', 0],
      period_s: HOUR_S,
      of: 28,
      missing: 'ignore',
    },
    // Written once a day: what the last run said stands until the next one.
    'gold-ledger': {
      says: 'Two sides of a hop of the ledger differ, and nothing explains it.',
      reads: { difference: m.LedgerDifference },
      threshold: ['GreaterThanThreshold', 0],
      period_s: 300,
      of: 1,
      missing: 'ignore',
    },
    'gold-audit': {
      says: 'The log and the changes settled from Bronze differ, and nothing explains it.',
      reads: { findings: m.AuditFindings },
      threshold: ['GreaterThanThreshold', 0],
      period_s: 300,
      of: 1,
      missing: 'ignore',
    },
  };
  return settings.gold ? { ...alarms, ...daily } : alarms;
}

/**
 * The least period that always holds a poll of the fastest group that is seen already: periods slide with the minute, a poll is up to a minute
 * late, and its metrics are seen minutes later. By the minute, a period in which nothing is seen yet is made up for by an earlier one.
 */
function seenPoll(shortest_s) {
  return shortest_s === MINUTE_S ? MINUTE_S : Math.min(shortest_s + SEEN_LATE_S, DAY_S);
}

/** Period and number of periods of three polls of the fastest group, at least a quarter of an hour. */
function silence(shortest_s) {
  if (shortest_s >= HOUR_S) return { period_s: HOUR_S, of: Math.ceil((3 * shortest_s) / HOUR_S) };
  return { period_s: MINUTE_S, of: Math.max(15, Math.ceil((3 * shortest_s) / MINUTE_S)) };
}

/** `poll-key-refused` → `PollKeyRefusedAlarm` */
const logicalIdOf = (name) =>
  `${name
    .split('-')
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join('')}Alarm`;

/** The resources: an alarm each, and one over all. All tell the topic, when it begins and when it is over. */
function alarmResources(settings) {
  const prefix = `${settings.service}-${settings.stage}`;
  const alarms = Object.entries(alarmsOf(settings));
  const tell = { AlarmActions: [{ Ref: 'AlarmTopic' }], OKActions: [{ Ref: 'AlarmTopic' }] };
  const resources = alarms.map(([name, alarm]) => [
    logicalIdOf(name),
    { Type: 'AWS::CloudWatch::Alarm', Properties: { ...propertiesOf(`${prefix}-${name}`, name, alarm), ...tell } },
  ]);
  const rule = alarms.map(([name]) => `ALARM("\${${logicalIdOf(name)}}")`).join(' OR ');
  return {
    ...Object.fromEntries(resources),
    UnwellAlarm: {
      Type: 'AWS::CloudWatch::CompositeAlarm',
      Properties: {
        AlarmName: `${prefix}-unwell`,
        AlarmDescription: 'The pipeline is unwell: one of its alarms is on. Runbook: docs/runbooks/README.md',
        AlarmRule: { 'Fn::Sub': rule },
        ...tell,
      },
    },
  };
}

function propertiesOf(AlarmName, name, alarm) {
  const { says, expression, reads, threshold, period_s, of, least = of, missing } = alarm;
  const [ComparisonOperator, Threshold] = threshold;
  const common = {
    AlarmName,
    AlarmDescription: `${says} Runbook: docs/runbooks/alarm-${name}.md`,
    EvaluationPeriods: of,
    DatapointsToAlarm: least,
    ComparisonOperator,
    Threshold,
    TreatMissingData: missing,
  };
  if (expression === undefined) {
    const [read] = Object.values(reads);
    const { Namespace, MetricName, Stat: Statistic } = read;
    return { ...common, Namespace, MetricName, Dimensions: dimensionsOf(read), Statistic, Period: period_s };
  }
  const stats = Object.entries(reads).map(([Id, read]) => ({
    Id,
    ReturnData: false,
    MetricStat: {
      Metric: { Namespace: read.Namespace, MetricName: read.MetricName, Dimensions: dimensionsOf(read) },
      Period: period_s,
      Stat: read.Stat,
    },
  }));
  return {
    ...common,
    Metrics: [{ Id: 'watched', Expression: expression, Label: name, Period: period_s, ReturnData: true }, ...stats],
  };
}

module.exports = { alarmResources, alarmsOf, logicalIdOf };
