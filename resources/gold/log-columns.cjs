'use strict';
// The columns of silver.log as Glue wants them: those of a log object (lib/silver/object.ts) without its lane, which is a partition.
const TYPES = {
  string: [
    'row_kind',
    'kind',
    'system_id',
    'station_id',
    'content_hash',
    'vehicle_types',
    'flags',
    'name',
    'region_id',
  ],
  bigint: ['version'],
  int: ['part', 'num_bikes_available', 'num_bikes_disabled', 'num_docks_available', 'num_docks_disabled', 'capacity'],
  boolean: ['is_installed', 'is_renting', 'is_returning'],
  timestamp: ['slot', 'fetched_at', 'last_reported'],
  double: ['lat', 'lon'],
};
const OF_BATCHES = {
  string: ['shard_id', 'first_sequence', 'last_sequence', 'newest_slots', 'next_date', 'head'],
  int: ['records', 'fresh', 'unchanged', 'duplicate', 'late'],
};

const columns = (types) => Object.entries(types).flatMap(([Type, names]) => names.map((Name) => ({ Name, Type })));

module.exports = [...columns(TYPES), ...columns(OF_BATCHES)];
