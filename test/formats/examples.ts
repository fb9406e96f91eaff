import { emptyState, type LaneState, type LogObject, type StationRow, setRow } from '../../lib/silver/state.ts';
import type { Entry } from '../../lib/stream/chunk.ts';

/** What the frozen examples hold. It never changes: a new version of a format gets a new file of the same content. */
export const SLOT_MS = 1_767_225_600_000; // 2026-01-01T00:00:00Z

const STATUS =
  '{"i":"harbour","h":"0123456789abcdef","b":3,"I":true,"o":1767225540000,"r":"{\\"station_id\\":\\"harbour\\"}"}';
const INFORMATION = '{"i":"mühle \\"1\\"","h":"fedcba9876543210","N":"Mühle","x":47.5,"y":8.25,"r":"{}"}';

export const ENTRIES: readonly Entry[] = [
  {
    kind: 'status',
    system_id: 'city',
    part: 0,
    parts: 2,
    fetched_at_ms: SLOT_MS + 2_345,
    feed_updated_ms: null,
    lines: [STATUS],
  },
  {
    kind: 'information',
    system_id: 'city',
    part: 1,
    parts: 2,
    fetched_at_ms: SLOT_MS + 2_345,
    feed_updated_ms: SLOT_MS,
    lines: [INFORMATION],
  },
];

export const ROW: StationRow = {
  kind: 'status',
  system_id: 'city',
  station_id: 'harbour',
  part: 0,
  slot_ms: SLOT_MS,
  fetched_at_ms: SLOT_MS + 2_345,
  content_hash: '0123456789abcdef',
  values: { num_bikes_available: 3, is_installed: true, last_reported_ms: SLOT_MS - 60_000 },
};

export const STATE: LaneState = { ...emptyState(), version: 7, date: '2026-01-01', folder: '2025-12-31' };
STATE.positions.set('shardId-000000000000', '49650000000000000000000000000000000000000000000000000006');
STATE.newest.set('city/status/0', SLOT_MS - 60_000);
setRow(STATE, { ...ROW, slot_ms: SLOT_MS - 60_000, content_hash: '00000000000000ff' });

export const BATCH: LogObject = {
  type: 'batch',
  shard_id: 'shardId-000000000000',
  first_sequence: '49650000000000000000000000000000000000000000000000000007',
  last_sequence: '49650000000000000000000000000000000000000000000000000008',
  records: 2,
  newest: new Map([['city/status/0', SLOT_MS]]),
  counts: { fresh: 1, unchanged: 2, duplicate: 3, late: 4 },
  changes: [ROW],
};
export const TURN: LogObject = { type: 'turn', next_date: '2026-01-02' };
