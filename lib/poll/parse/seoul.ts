import { RejectedInput } from '../../errors.ts';
import type { StationInformation, StationStatus } from '../../event.ts';
import { informationHash, statusHash } from './content-hash.ts';
import { toCoordinates } from './coordinates.ts';
import { parseCount } from './count.ts';
import { elementsAt } from './elements.ts';
import { type Flag, toFlags } from './flags.ts';
import { checkValues, firstCharacter, isObject, type JsonObject, parseText } from './json.ts';
import { type ParseContext, type ParsedDocument, type RecordReader, type Records, readRecords } from './records.ts';
import { toSeoulError } from './seoul-codes.ts';
import { parseStationId } from './station-id.ts';
import { toText } from './text.ts';

/** One page of `bikeList` (data.seoul.go.kr OA-15493). */
export interface SeoulPage {
  readonly rows: readonly unknown[];
  /** INFO-200 or no rows: there is nothing here or beyond. `list_total_count` can't tell: it counts the rows of its own page. */
  readonly end: boolean;
  /** The page as it came, for the exact bytes of a rejected row. */
  readonly body: Buffer;
}

const OK = 'INFO-000';
const NO_ROWS = 'INFO-200';
const CODE = /^[A-Z]+-\d+$/;
const XML_CODE = /<CODE>\s*([A-Z]+-\d+)\s*<\/CODE>/;

/**
 * One page, told from the four shapes of errors: a code in the wrapper, at the top level, in a top-level RESULT, or in XML although JSON was asked for.
 * Throws FatalError `invalid_key`; TransientError `seoul_error_500`, `_600`, `_601`; RejectedInput `seoul_error_…`, `seoul_unknown_code`, `not_json`,
 * `not_utf8`, `not_a_bike_list`. No message shows the body: a gateway's page may hold the URL, and the URL holds the key.
 */
export function parseSeoulPage(body: Buffer, contentType: string | null): SeoulPage {
  const text = parseText(body);
  if (firstCharacter(text) !== '{') return parseForeign(text, body, contentType);
  const root = parseObject(text, body);
  const wrapper = isObject(root.rentBikeStatus) ? root.rentBikeStatus : null;
  const code = codeOf(wrapper?.RESULT) ?? codeOf(root.RESULT) ?? codeOf(root);
  if (code === NO_ROWS) return { rows: [], end: true, body };
  if (code !== null && code !== OK) throw toSeoulError(code);
  const rows = wrapper === null ? null : (wrapper.row ?? (code === OK ? [] : null));
  if (!Array.isArray(rows)) {
    throw new RejectedInput(
      'poll',
      'not_a_bike_list',
      'the answer has neither a code nor a list at rentBikeStatus.row',
    );
  }
  return { rows, end: rows.length === 0, body };
}

function parseObject(text: string, body: Buffer): JsonObject {
  checkValues(body);
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    // no cause: its message quotes the body
    throw new RejectedInput('poll', 'not_json', `the answer of ${body.length} bytes is cut off or not valid JSON`);
  }
}

/** XML with a code, or what a gateway sends. */
function parseForeign(text: string, body: Buffer, contentType: string | null): SeoulPage {
  const code = XML_CODE.exec(text)?.[1];
  if (code === NO_ROWS) return { rows: [], end: true, body };
  if (code !== undefined && code !== OK) throw toSeoulError(code);
  const type = contentType === null ? 'no content type' : JSON.stringify(contentType.slice(0, 60));
  throw new RejectedInput('poll', 'not_json', `the answer is no JSON object: ${body.length} bytes, ${type}`);
}

const codeOf = (value: unknown): string | null =>
  isObject(value) && typeof value.CODE === 'string' && CODE.test(value.CODE) ? value.CODE : null;

/** The status of all stations of a snapshot. A page's end is where the next page begins, so a moving row may come twice: see `readRecords`. */
export const parseSeoulStatus = (pages: readonly SeoulPage[], context: ParseContext): ParsedDocument =>
  parseSnapshot(pages, context, SEOUL_STATUS);

/** The information that stands in the same rows. */
export const parseSeoulInformation = (pages: readonly SeoulPage[], context: ParseContext): ParsedDocument =>
  parseSnapshot(pages, context, SEOUL_INFORMATION);

/** `shared` is derived (bikes in percent of racks, or "0" throughout) and not read. More bikes than racks is normal. The row has no time of any kind. */
const SEOUL_STATUS: RecordReader<StationStatus> = {
  kind: 'status',
  feed: 'station_status',
  hash: statusHash,
  read: (row) => {
    const station_id = parseStationId(row, 'stationId');
    const num_bikes_available = parseCount(row.parkingBikeTotCnt, 'parkingBikeTotCnt');
    const capacity = parseCount(row.rackTotCnt, 'rackTotCnt');
    if (num_bikes_available === null && capacity === null) {
      throw new RejectedInput('poll', 'no_status_values', 'the row has neither parkingBikeTotCnt nor rackTotCnt');
    }
    return {
      station_id,
      num_bikes_available,
      num_bikes_disabled: null,
      num_docks_available: null,
      num_docks_disabled: null,
      capacity,
      is_installed: null,
      is_renting: null,
      is_returning: null,
      vehicle_types: null,
      last_reported_ms: null,
      flags: null,
    };
  },
};

const SEOUL_INFORMATION: RecordReader<StationInformation> = {
  kind: 'information',
  feed: 'station_information',
  hash: informationHash,
  read: (row) => {
    const station_id = parseStationId(row, 'stationId');
    const flags: Flag[] = [];
    const name = toText(row.stationName);
    if (name === null) flags.push('name_missing');
    const { lat, lon } = toCoordinates(row.stationLatitude, row.stationLongitude, flags);
    const capacity = parseCount(row.rackTotCnt, 'rackTotCnt');
    if (name === null && lat === null && capacity === null) {
      throw new RejectedInput('poll', 'no_information_values', 'the row has no name, place or racks');
    }
    return { station_id, name, lat, lon, capacity, region_id: null, flags: toFlags(flags) };
  },
};

function parseSnapshot<V extends StationStatus | StationInformation>(
  pages: readonly SeoulPage[],
  context: ParseContext,
  reader: RecordReader<V>,
): ParsedDocument {
  return { feed_updated_ms: null, version: null, ...readRecords(rowsOf(pages), reader, context) };
}

function rowsOf(pages: readonly SeoulPage[]): Records {
  const at = pages.flatMap((page, p) => page.rows.map((_, row) => ({ page, p, row })));
  const elements = new Map<SeoulPage, Buffer[]>();
  return {
    records: pages.flatMap((page) => page.rows),
    place: (index) => `pages[${at[index]?.p}].rentBikeStatus.row[${at[index]?.row}]`,
    bytes: (index) => {
      const { page, row } = at[index] as (typeof at)[number];
      const rows = elements.get(page) ?? elementsAt(page.body, ['rentBikeStatus', 'row']);
      elements.set(page, rows);
      return rows[row] ?? page.body;
    },
  };
}
