import { RejectedInput } from '../../errors.ts';
import { isObject, type JsonObject } from './json.ts';

const MAX_ID_CHARACTERS = 200;
/** Control characters, and halves of surrogate pairs, which UTF-8 can't hold: two such ids would become one on the way. */
const UNFIT = /[\p{Cc}\p{Cs}]/u;

/**
 * The id of a station, always as text: 1.x feeds send numbers. Throws RejectedInput `missing_station_id` (absent, null, blank),
 * `nested_wrapper` (the record is `{data, headers, status}` around the station), `bad_station_id` (longer than 200 characters, control
 * characters, a number that JSON can't hold exactly, so that two ids could become one).
 */
export function parseStationId(record: JsonObject, field = 'station_id'): string {
  const value = record[field];
  if (typeof value === 'string') return checked(value, field);
  if (typeof value === 'number') {
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      throw new RejectedInput(
        'poll',
        'bad_station_id',
        `${field} is the number ${value}, which JSON can't hold exactly`,
      );
    }
    return checked(String(value), field);
  }
  if (value === undefined && isObject(record.data)) {
    throw new RejectedInput('poll', 'nested_wrapper', 'the record wraps the station in "data"');
  }
  if (value === undefined || value === null) throw new RejectedInput('poll', 'missing_station_id', `no ${field}`);
  throw new RejectedInput('poll', 'bad_station_id', `${field} is a ${typeof value}`);
}

function checked(id: string, field: string): string {
  if (id.trim() === '') throw new RejectedInput('poll', 'missing_station_id', `${field} is blank`);
  if (id.length > MAX_ID_CHARACTERS) {
    const message = `${field} has ${id.length} characters, more than ${MAX_ID_CHARACTERS}`;
    throw new RejectedInput('poll', 'bad_station_id', message);
  }
  if (UNFIT.test(id)) throw new RejectedInput('poll', 'bad_station_id', `${field} has control characters`);
  return id;
}
