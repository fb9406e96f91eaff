'use strict';
// What Athena finds in the lake: databases and tables by the names of `npm run query`. Bronze's own stand in bronze.yml; Iceberg's tables
// are made and evolved by the Spark job, because CloudFormation would set the pointer to their metadata back.
const { sub } = require('../role.cjs');
const LOG_COLUMNS = require('./log-columns.cjs');

const CatalogId = { Ref: 'AWS::AccountId' };

/** Kept when the stage is removed: Iceberg's tables in it know which of the lake's files count. With `lake: adopt` it is there already. */
const database = (Name, Description) => ({
  Type: 'AWS::Glue::Database',
  DeletionPolicy: 'RetainExceptOnCreate',
  UpdateReplacePolicy: 'Retain',
  Properties: { CatalogId, DatabaseInput: { Name, Description } },
});

function table(DatabaseName, Name, { description, prefix, partitions, projection, columns, serde, formats }) {
  const names = partitions.map((key) => key.Name);
  return {
    Type: 'AWS::Glue::Table',
    Properties: {
      CatalogId,
      DatabaseName,
      TableInput: {
        Name,
        Description: description,
        TableType: 'EXTERNAL_TABLE',
        PartitionKeys: partitions,
        Parameters: {
          EXTERNAL: 'TRUE',
          'projection.enabled': 'true',
          ...projection,
          'storage.location.template': sub(
            `s3://\${LakeBucket}/${prefix}/${names.map((name) => `${name}=\${!${name}}`).join('/')}/`,
          ),
        },
        StorageDescriptor: {
          Location: sub(`s3://\${LakeBucket}/${prefix}/`),
          ...formats,
          SerdeInfo: serde,
          Columns: columns,
        },
      },
    },
  };
}

const PARQUET = {
  serde: {
    SerializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
    Parameters: { 'serialization.format': '1' },
  },
  formats: {
    InputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
    OutputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
  },
};
const JSON_LINES = {
  serde: { SerializationLibrary: 'org.openx.data.jsonserde.JsonSerDe', Parameters: { 'serialization.format': '1' } },
  formats: {
    InputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
    OutputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
  },
};

const dates = (name, range) => ({
  [`projection.${name}.type`]: 'date',
  [`projection.${name}.format`]: 'yyyy-MM-dd',
  [`projection.${name}.range`]: range,
  [`projection.${name}.interval`]: '1',
  [`projection.${name}.interval.unit`]: 'DAYS',
});

/**
 * The lanes that the log may have: those of the plan and, as lanes are numbered and `relane` gives new ones the next numbers, all before
 * them. An enumeration, because `injected` would refuse every query that doesn't name a lane; 76 lanes hold the world.
 */
function lanesOf(plan) {
  const lanes = [...new Set(plan.groups.flatMap((g) => g.systems.flatMap((s) => s.lanes)))];
  const numbers = lanes.map((lane) => Number(/^lane-(\d{3,})$/.exec(lane)?.[1]));
  const last = Math.max(0, ...numbers.filter((n) => Number.isInteger(n)));
  const numbered = Array.from({ length: last }, (_, n) => `lane-${String(n + 1).padStart(3, '0')}`);
  const all = [...new Set([...numbered, ...lanes])].sort((a, b) => (a < b ? -1 : 1));
  return all.length > 0 ? all : ['lane-001'];
}

const logTable = (DatabaseName, plan) =>
  table(DatabaseName, 'log', {
    description:
      'The Silver log of the last 40 days: what each batch did to its lane, and the changes; partitioned by the date of the chain',
    prefix: 'log',
    partitions: [
      { Name: 'lane', Type: 'string', Comment: 'unit of order' },
      { Name: 'event_date', Type: 'string', Comment: 'date of the chain: the slot of a change, or a day later' },
    ],
    projection: {
      classification: 'parquet',
      'projection.lane.type': 'enum',
      'projection.lane.values': lanesOf(plan).join(','),
      // Each date is a listing for each lane. What is older is settled, and the log's objects expire.
      ...dates('event_date', 'NOW-40DAYS,NOW+1DAYS'),
    },
    columns: LOG_COLUMNS,
    ...PARQUET,
  });

const QUARANTINE_COLUMNS = [
  { Name: 'system_id', Type: 'string' },
  { Name: 'slot_ms', Type: 'bigint', Comment: 'scheduled time of the poll, UTC epoch ms' },
  { Name: 'feed', Type: 'string' },
  { Name: 'reason', Type: 'string' },
  { Name: 'place', Type: 'string', Comment: 'document, or where in it the record stands' },
  { Name: 'piece', Type: 'int', Comment: 'large input is cut in pieces, counted from 1' },
  { Name: 'pieces', Type: 'int' },
  { Name: 'encoding', Type: 'string' },
  { Name: 'raw', Type: 'string', Comment: 'base64 of zstd of the bytes' },
];

const quarantineTable = (DatabaseName) =>
  table(DatabaseName, 'quarantine', {
    description: 'Rejected input with its reason and its bytes; partitioned by arrival (UTC)',
    prefix: 'quarantine',
    partitions: [
      { Name: 'dt', Type: 'string', Comment: 'date of arrival' },
      { Name: 'hh', Type: 'string', Comment: 'its hour' },
    ],
    projection: {
      classification: 'json',
      ...dates('dt', '2026-01-01,NOW+1DAYS'),
      'projection.hh.type': 'integer',
      'projection.hh.range': '0,23',
      'projection.hh.digits': '2',
    },
    columns: QUARANTINE_COLUMNS,
    ...JSON_LINES,
  });

/** What a query may scan and where its results lie. Settings of a client don't count. */
const workgroup = (Name, scanLimitGB) => ({
  Type: 'AWS::Athena::WorkGroup',
  Properties: {
    Name,
    Description: 'Queries of the lake',
    State: 'ENABLED',
    RecursiveDeleteOption: true,
    WorkGroupConfiguration: {
      EnforceWorkGroupConfiguration: true,
      PublishCloudWatchMetricsEnabled: true,
      BytesScannedCutoffPerQuery: scanLimitGB * 1_000_000_000,
      EngineVersion: { SelectedEngineVersion: 'Athena engine version 3' },
      ResultConfiguration: {
        OutputLocation: sub('s3://${LakeBucket}/athena-results/'),
        EncryptionConfiguration: { EncryptionOption: 'SSE_S3' },
      },
    },
  },
});

/** `settings`: see gold.cjs. */
function catalogResources({ names, stage, plan, isAdopted, scanLimitGB }) {
  const { silver, gold } = names.databases;
  return {
    ...(!isAdopted && {
      SilverDatabase: database(silver, `bikelake, stage ${stage}, Silver`),
      GoldDatabase: database(gold, `bikelake, stage ${stage}, Gold`),
    }),
    LogTable: logTable(isAdopted ? silver : { Ref: 'SilverDatabase' }, plan),
    QuarantineTable: quarantineTable({ Ref: 'GlueDatabase' }),
    Workgroup: workgroup(names.workgroup, scanLimitGB),
  };
}

module.exports = { catalogResources, lanesOf };
