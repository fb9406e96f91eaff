// The dashboard: the alarms' states, then a row for each stage in data order: what goes through, what went wrong, how old it gets.
const { alarmsOf, logicalIdOf } = require('./alarms.cjs');
const { metricsOf } = require('./metrics.cjs');

/** Columns of CloudWatch's grid. */
const WIDTH = 24;
const GRAPHS_A_ROW = 3;
const GRAPH_HEIGHT = 6;
const DAY_S = 86_400;

/** The rows of a stage that has one: what it does in a sentence, and its graphs. A line of a graph: label, metric, and what differs from the graph. */
function rowsOf(settings) {
  const m = metricsOf(settings);
  const alarms = alarmsOf(settings);
  const limit = (alarm) => ({ label: `alarm ${alarm}`, value: alarms[alarm].threshold[1] });
  const right = { yAxis: 'right' };
  const rows = [
    {
      stage: 'poll',
      says: 'Feeds are asked at their slots.',
      graphs: [
        {
          title: 'Polls made, events accepted',
          lines: [
            ['polls', m.Polls],
            ['events accepted', m.EventsAccepted, right],
          ],
        },
        {
          title: 'Polls that brought nothing, or found a feed standing still',
          lines: [
            ['failed, skipped or left out', m.PollsFailed],
            ['feed frozen', m.FeedsFrozen],
            ['key refused', m.KeyRefused],
            ['function failed', m.pollErrors],
          ],
        },
        { title: 'Slowest poll of a group (ms)', lines: [['duration', m.pollDuration]] },
      ],
    },
    {
      stage: 'stream',
      says: 'Chunks wait for two readers, in order within a lane.',
      graphs: [
        {
          title: 'Chunks and bytes put into the stream',
          lines: [
            ['chunks', m.recordsIn],
            ['bytes', m.bytesIn, right],
          ],
        },
        { title: 'Chunks refused for lack of shards', lines: [['refused', m.throttledPuts]] },
        {
          title: 'Age of the oldest chunk that was read, and whether anybody reads (ms)',
          lines: [
            ['age', m.readerAge],
            ['reads', m.clock, right],
          ],
        },
      ],
    },
    {
      stage: 'bronze',
      says: 'Everything that came through the stream, as Parquet.',
      graphs: [
        {
          title: 'Chunks read, bytes delivered',
          lines: [
            ['chunks', m.recordsRead],
            ['bytes', m.bytesDelivered, right],
          ],
        },
        {
          title: 'Rows and chunks that went to errors/bronze/, rejected input',
          lines: [
            ['rows not converted', m.rowsNotConverted],
            ['complaints of the transform', m.transformLines],
            ['complaints of the delivery', m.deliveryLines],
            ['rejected input delivered', m.rejectsDelivered],
            ['puts that succeeded (share)', m.objectsDelivered, right],
          ],
        },
        {
          title: 'Age of what is not in Bronze yet (s)',
          lines: [['age', m.freshness]],
          limits: [limit('bronze-behind')],
        },
      ],
    },
    {
      stage: 'silver',
      says: 'Changes of stations, each once, in the log of its lane.',
      graphs: [
        { title: 'Changes logged', lines: [['changes', m.ChangesLogged]] },
        {
          title: 'Batches that failed, chunks given up',
          lines: [
            ['function failed', m.silverErrors],
            ['given up, kept under aws/lambda/', m.givenUp],
            ['given up, not kept', m.dropped],
          ],
        },
        {
          title: 'Age of the newest chunk of a batch, and what a batch takes (ms)',
          lines: [
            ['age', m.silverAge],
            ['duration', m.silverDuration, right],
          ],
          limits: [limit('silver-behind')],
        },
      ],
    },
  ];
  if (!settings.gold) return rows;
  const daily = { period: DAY_S };
  const gold = {
    stage: 'gold',
    says: 'Once a day: the day is settled from Bronze, the log audited, Gold made.',
    graphs: [
      { title: 'Changes of the days that were settled', lines: [['changes', m.SettledChanges, daily]] },
      {
        title: 'What ledger and audit found, runs that failed',
        lines: [
          ['ledger differs by', m.LedgerDifference, daily],
          ['audit: not explained', m.AuditFindings, daily],
          ['audit: explained', m.AuditExplained, daily],
          ['days incomplete', m.DaysIncomplete, daily],
          ['runs failed', m.goldFailed, daily],
          ['runs timed out', m.goldTimedOut, daily],
        ],
      },
      {
        title: 'Runs that succeeded, and the longest (ms)',
        lines: [
          ['runs', m.goldSucceeded, daily],
          ['duration', m.goldTime, { ...daily, ...right }],
        ],
      },
    ],
  };
  return [...rows, gold];
}

/** A value of a template as text for Fn::Sub. */
function textOf(value) {
  if (typeof value === 'string') return value;
  return value.Ref === undefined ? value['Fn::Sub'] : `\${${value.Ref}}`;
}

function graph({ title, lines, limits = [] }, x, y) {
  const metrics = lines.map(([label, metric, differs = {}]) => [
    metric.Namespace,
    metric.MetricName,
    ...Object.entries(metric.dimensions).flatMap(([name, value]) => [name, textOf(value)]),
    { label, stat: metric.Stat, ...differs },
  ]);
  return {
    type: 'metric',
    x,
    y,
    width: WIDTH / GRAPHS_A_ROW,
    height: GRAPH_HEIGHT,
    properties: {
      title,
      view: 'timeSeries',
      region: '${AWS::Region}',
      period: 300,
      metrics,
      yAxis: { left: { min: 0 }, right: { min: 0 } },
      ...(limits.length > 0 && { annotations: { horizontal: limits } }),
    },
  };
}

const text = (markdown, y) => ({ type: 'text', x: 0, y, width: WIDTH, height: 1, properties: { markdown } });

function widgetsOf(settings) {
  const alarms = ['UnwellAlarm', ...Object.keys(alarmsOf(settings)).map(logicalIdOf)];
  const title = `Is the pipeline well? (${settings.service}, stage ${settings.stage})`;
  const properties = { title, alarms: alarms.map((id) => `\${${id}.Arn}`) };
  const widgets = [{ type: 'alarm', x: 0, y: 0, width: WIDTH, height: 4, properties }];
  let y = 4;
  for (const { stage, says, graphs } of rowsOf(settings)) {
    widgets.push(text(`## ${stage}: ${says}`, y));
    widgets.push(...graphs.map((g, n) => graph(g, (n * WIDTH) / GRAPHS_A_ROW, y + 1)));
    y += 1 + GRAPH_HEIGHT;
  }
  return widgets;
}

/** `settings`: see ../watch.cjs. */
function dashboardResources(settings) {
  const body = { start: '-PT12H', periodOverride: 'inherit', widgets: widgetsOf(settings) };
  return {
    Dashboard: {
      Type: 'AWS::CloudWatch::Dashboard',
      Properties: {
        DashboardName: `${settings.service}-${settings.stage}`,
        DashboardBody: { 'Fn::Sub': JSON.stringify(body) },
      },
    },
  };
}

module.exports = { dashboardResources };
