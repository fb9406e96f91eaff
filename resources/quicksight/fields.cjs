// Fields, charts and filters as QuickSight's definitions spell them.

const at = ({ set, column }) => ({ DataSetIdentifier: set, ColumnName: column });
const id = (...parts) => parts.join('-').replaceAll('_', '-');
const title = (text) => ({ Visibility: 'VISIBLE', FormatText: { PlainText: text } });

/** Columns of a data set: `of('station_hourly').sum('falls')`. */
const of = (set) => ({
  text: (column) => ({ set, column, as: 'CategoricalDimensionField' }),
  number: (column) => ({ set, column, as: 'NumericalDimensionField' }),
  day: (column) => ({ set, column, as: 'DateDimensionField', more: { DateGranularity: 'DAY' } }),
  sum: (column) => measure(set, column, 'SUM'),
  mean: (column) => measure(set, column, 'AVERAGE'),
  most: (column) => measure(set, column, 'MAX'),
  /** A calculated field that aggregates by itself. */
  calculated: (column) => ({ set, column, as: 'NumericalMeasureField' }),
});
const measure = (set, column, kind) => ({
  set,
  column,
  as: 'NumericalMeasureField',
  more: { AggregationFunction: { SimpleNumericalAggregation: kind } },
});

const fields = (visual, list) =>
  list.map((f, n) => ({ [f.as]: { FieldId: id(visual, f.column, n), Column: at(f), ...f.more } }));

const visual = (kind, name, text, wells, more = {}) => ({
  [kind]: { VisualId: name, Title: title(text), ChartConfiguration: { FieldWells: wells, ...more } },
});

const bars = (name, text, category, values, { colors = [], stacked = false } = {}) =>
  visual(
    'BarChartVisual',
    name,
    text,
    {
      BarChartAggregatedFieldWells: {
        Category: fields(name, [category]),
        Values: fields(`${name}-value`, values),
        ...(colors.length > 0 && { Colors: fields(`${name}-color`, colors) }),
      },
    },
    {
      Orientation: 'VERTICAL',
      BarsArrangement: stacked ? 'STACKED' : 'CLUSTERED',
      SortConfiguration: ascending(name, category),
    },
  );
const lines = (name, text, category, values, colors = []) =>
  visual(
    'LineChartVisual',
    name,
    text,
    {
      LineChartAggregatedFieldWells: {
        Category: fields(name, [category]),
        Values: fields(`${name}-value`, values),
        ...(colors.length > 0 && { Colors: fields(`${name}-color`, colors) }),
      },
    },
    { Type: 'LINE', SortConfiguration: ascending(name, category) },
  );
/** Hours in their order, and not by what happened in them. */
const ascending = (name, category) => ({
  CategorySort: [{ FieldSort: { FieldId: id(name, category.column, 0), Direction: 'ASC' } }],
});
const figure = (name, text, value) => visual('KPIVisual', name, text, { Values: fields(name, [value]) });
const map = (name, text, [lat, lon], values) =>
  visual('GeospatialMapVisual', name, text, {
    GeospatialMapAggregatedFieldWells: {
      Geospatial: fields(name, [lat, lon]),
      Values: fields(`${name}-value`, values),
    },
  });
const table = (name, text, groups, values) =>
  visual('TableVisual', name, text, {
    TableAggregatedFieldWells: { GroupBy: fields(name, groups), Values: fields(`${name}-value`, values) },
  });

/** A list to choose from; everything at first. Without a sheet's own data set it holds for all that have the column. */
const choice = (name, text, field) => ({
  filter: {
    CategoryFilter: {
      FilterId: name,
      Column: at(field),
      Configuration: {
        FilterListConfiguration: {
          MatchOperator: 'CONTAINS',
          NullOption: 'ALL_VALUES',
          SelectAllOptions: 'FILTER_ALL_VALUES',
        },
      },
    },
  },
  control: {
    Dropdown: { FilterControlId: `${name}-control`, Title: text, SourceFilterId: name, Type: 'MULTI_SELECT' },
  },
  name,
});
/** The last days, to be changed. */
const lastDays = (name, text, field, days) => ({
  filter: {
    RelativeDatesFilter: {
      FilterId: name,
      Column: at(field),
      AnchorDateConfiguration: { AnchorOption: 'NOW' },
      TimeGranularity: 'DAY',
      RelativeDateType: 'LAST',
      RelativeDateValue: days,
      NullOption: 'NON_NULLS_ONLY',
    },
  },
  control: { RelativeDateTime: { FilterControlId: `${name}-control`, Title: text, SourceFilterId: name } },
  name,
});

module.exports = { bars, choice, figure, lastDays, lines, map, of, table };
