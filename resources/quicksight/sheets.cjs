// What the dashboard shows: three sheets. A visual stands beside its place: column, row, width, height in a grid of 36 columns.
const { bars, choice, figure, lastDays, lines, map, of, table } = require('./fields.cjs');

const hourly = of('station_hourly');
const daily = of('system_daily');
const profile = of('station_profile');
const quality = of('feed_quality_daily');
const failures = of('poll_failures');
const ledger = of('ledger_daily');
const audit = of('audit_daily');
const trips = of('trips_daily');

/** Shares are sums over sums, and never means of shares. */
const CALCULATED = [
  ['station_hourly', 'time_empty', 'sum({empty_seconds}) / sum({observed_seconds})'],
  ['station_hourly', 'stations_empty', 'distinct_countIf(concat({system_id}, "/", {station_id}), {empty_seconds} > 0)'],
  ['feed_quality_daily', 'coverage', '(sum({polls_ok}) + sum({polls_not_modified})) / sum({polls_expected})'],
  ['ledger_daily', 'difference', 'sum(abs({receipt_difference})) + sum(abs({bronze_difference}))'],
  ['audit_daily', 'unexplained', 'sum({missing}) - sum({missing_explained}) + sum({extra}) - sum({extra_explained})'],
];

const CITY = {
  id: 'city-day',
  name: "A city's day",
  visuals: [
    [
      bars('falls-rises', 'Bikes taken and brought back, by local hour', hourly.number('local_hour'), [
        hourly.sum('falls'),
        hourly.sum('rises'),
      ]),
      [0, 0, 18, 10],
    ],
    [
      bars('empty-stations', 'Stations that were empty for some time, by local hour', hourly.number('local_hour'), [
        hourly.calculated('stations_empty'),
      ]),
      [18, 0, 18, 10],
    ],
    [
      map(
        'station-map',
        'Share of the time without a bike, by place',
        [hourly.number('lat'), hourly.number('lon')],
        [hourly.calculated('time_empty')],
      ),
      [0, 10, 18, 14],
    ],
    [
      table(
        'stations',
        'Stations, by rentals (at least)',
        [hourly.text('system_id'), hourly.text('station_name')],
        [hourly.sum('rentals_min'), hourly.sum('returns_min'), hourly.calculated('time_empty')],
      ),
      [18, 10, 18, 14],
    ],
    [
      lines(
        'rentals',
        'Rentals (at least) by local day',
        daily.day('date'),
        [daily.sum('rentals_min')],
        [daily.text('system_id')],
      ),
      [0, 24, 18, 10],
    ],
    [
      lines(
        'week',
        'Share of bikes among the places, by hour of the week (0: Monday, midnight)',
        profile.number('hour_of_week'),
        [profile.mean('occupancy_p50'), profile.mean('occupancy_p10'), profile.mean('occupancy_p90')],
      ),
      [18, 24, 18, 10],
    ],
  ],
  filters: [
    choice('city-system', 'System', hourly.text('system_id')),
    lastDays('city-days', 'Local days', hourly.day('local_date'), 7),
  ],
};

const TRUST = {
  id: 'trust',
  name: 'Can I trust it',
  visuals: [
    [figure('coverage', 'Polls that observed, of those expected', quality.calculated('coverage')), [0, 0, 9, 6]],
    [figure('gap', 'Longest gap (s)', quality.most('longest_gap_seconds')), [9, 0, 9, 6]],
    [figure('difference', 'Ledger: differences', ledger.calculated('difference')), [18, 0, 9, 6]],
    [figure('unexplained', 'Audit: changes that nothing explains', audit.calculated('unexplained')), [27, 0, 9, 6]],
    [
      lines(
        'coverage-days',
        'Polls that observed, of those expected, by day',
        quality.day('event_date'),
        [quality.calculated('coverage')],
        [quality.text('feed')],
      ),
      [0, 6, 18, 10],
    ],
    [
      bars(
        'failures',
        'Polls that failed or were left out, by reason',
        failures.day('event_date'),
        [failures.sum('polls')],
        {
          colors: [failures.text('reason')],
          stacked: true,
        },
      ),
      [18, 6, 18, 10],
    ],
    [
      bars('gaps', 'Longest gap of the day (s)', quality.day('event_date'), [quality.most('longest_gap_seconds')], {
        colors: [quality.text('system_id')],
      }),
      [0, 16, 18, 10],
    ],
    [
      table(
        'ledger',
        'Ledger: what came in, and what became of it',
        [ledger.day('event_date'), ledger.text('system_id'), ledger.text('feed')],
        [
          ledger.sum('polls'),
          ledger.sum('polls_without_receipt'),
          ledger.sum('accepted'),
          ledger.sum('rejected'),
          ledger.sum('bronze_events'),
          ledger.sum('receipt_difference'),
          ledger.sum('bronze_difference'),
        ],
      ),
      [18, 16, 18, 20],
    ],
    [
      table(
        'audit',
        'Audit: the log beside what was settled',
        [audit.day('event_date'), audit.text('system_id'), audit.text('kind')],
        [
          audit.sum('settled_changes'),
          audit.sum('log_changes'),
          audit.sum('missing'),
          audit.sum('missing_explained'),
          audit.sum('extra'),
          audit.sum('extra_explained'),
        ],
      ),
      [0, 26, 18, 10],
    ],
  ],
  filters: [
    choice('trust-system', 'System', quality.text('system_id')),
    lastDays('trust-days', 'Days (UTC)', quality.day('event_date'), 31),
  ],
};

const TRIPS = {
  id: 'trips',
  name: 'Trips that were published',
  visuals: [
    [
      bars('trip-days', 'Trips by local day of their start', trips.day('event_date'), [trips.sum('trips')], {
        colors: [trips.text('source')],
        stacked: true,
      }),
      [0, 0, 36, 12],
    ],
    [
      table(
        'trip-places',
        'Trips by the place where they began',
        [trips.text('source'), trips.text('place_kind'), trips.text('place_id'), trips.text('place_name')],
        [trips.sum('trips')],
      ),
      [0, 12, 36, 14],
    ],
  ],
  filters: [choice('trips-source', 'Source', trips.text('source'))],
};

const CONTROL = { ElementType: 'FILTER_CONTROL', ColumnSpan: 6, RowSpan: 1 };

function sheetOf({ id, name, visuals, filters }) {
  const element = ([column, row, width, height], visual) => ({
    ElementId: Object.values(visual)[0].VisualId,
    ElementType: 'VISUAL',
    ColumnIndex: column,
    RowIndex: row,
    ColumnSpan: width,
    RowSpan: height,
  });
  const grid = (Elements) => [{ Configuration: { GridLayout: { Elements } } }];
  return {
    SheetId: id,
    Name: name,
    Title: name,
    ContentType: 'INTERACTIVE',
    Visuals: visuals.map(([visual]) => visual),
    FilterControls: filters.map(({ control }) => control),
    Layouts: grid(visuals.map(([visual, place]) => element(place, visual))),
    SheetControlLayouts: grid(filters.map((f) => ({ ElementId: `${f.name}-control`, ...CONTROL }))),
  };
}

const filterGroups = ({ id, filters }) =>
  filters.map(({ name, filter }) => ({
    FilterGroupId: `${name}-group`,
    Filters: [filter],
    CrossDataset: 'ALL_DATASETS',
    ScopeConfiguration: {
      SelectedSheets: { SheetVisualScopingConfigurations: [{ SheetId: id, Scope: 'ALL_VISUALS' }] },
    },
    Status: 'ENABLED',
  }));

/** The definition of analysis and dashboard. `arns`: data set → ARN. */
function definitionOf(arns) {
  const sheets = [CITY, TRUST, TRIPS];
  return {
    DataSetIdentifierDeclarations: Object.entries(arns).map(([Identifier, DataSetArn]) => ({ Identifier, DataSetArn })),
    CalculatedFields: CALCULATED.map(([DataSetIdentifier, Name, Expression]) => ({
      DataSetIdentifier,
      Name,
      Expression,
    })),
    FilterGroups: sheets.flatMap(filterGroups),
    Sheets: sheets.map(sheetOf),
  };
}

module.exports = { definitionOf };
