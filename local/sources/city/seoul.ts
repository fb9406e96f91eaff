import { type Answer, jsonAnswer } from '../answer.ts';
import type { Snapshot, StationSnapshot } from './snapshot.ts';

/** Most rows of one answer. */
const PAGE_ROWS = 1000;
/** A key that anyone may use, for the first rows. */
const SAMPLE_KEY = 'sample';
const SAMPLE_ROWS = 5;

const MESSAGES: Readonly<Record<string, string>> = {
  'INFO-000': '정상입니다.',
  'INFO-200': '그런 자료가 없습니다.',
  'ERROR-300': '필수 값이 빠졌습니다.',
  'ERROR-301': '파일 형식이 잘못되었습니다.',
  'ERROR-310': '그런 서비스가 없습니다.',
  'ERROR-331': '시작 위치가 잘못되었습니다.',
  'ERROR-332': '끝 위치가 잘못되었습니다.',
  'ERROR-333': '위치는 정수여야 합니다.',
  'ERROR-334': '끝 위치가 시작 위치보다 앞입니다.',
  'ERROR-335': '견본 키로는 다섯 줄까지만 볼 수 있습니다.',
  'ERROR-336': '한 번에 천 줄까지만 볼 수 있습니다.',
  'ERROR-500': '서버 오류입니다.',
};

const json = (value: unknown): Answer => jsonAnswer(Buffer.from(JSON.stringify(value)));
const result = (code: string) => ({ CODE: code, MESSAGE: MESSAGES[code] ?? code });
const wrongKey = (): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml;charset=UTF-8' },
  body: Buffer.from('<RESULT><CODE>INFO-100</CODE><MESSAGE><![CDATA[키가 올바르지 않습니다.]]></MESSAGE></RESULT>'),
});

/** Seoul's internal error: HTTP 200, as with all its errors. */
export const seoulServerError = (): Answer => json({ RESULT: result('ERROR-500') });

/**
 * Answers `/{KEY}/{TYPE}/bikeList/{START}/{END}/[{stationId}]` as Seoul's open data server does: every status is 200, the total is the
 * number of rows of this answer, numbers are strings, past the end the code stands at the top level, a wrong key gets XML.
 * A page is made only when it is asked for: `snapshot` is called then.
 */
export function seoulAnswer(path: string, key: string, snapshot: () => Snapshot): Answer {
  const [given_key = '', type = '', service, start_text, end_text, station_id] = path.split('/').slice(1);
  if (given_key !== key && given_key !== SAMPLE_KEY) return wrongKey();
  const error = requestError(given_key, type, service, start_text, end_text);
  if (error) return json({ RESULT: result(error) });
  const rows = snapshot().stations.filter(({ station }) => !station_id || seoulId(station.index) === station_id);
  const page = rows.slice(Number(start_text) - 1, Number(end_text));
  if (page.length === 0) return json(result('INFO-200'));
  return json({
    rentBikeStatus: { list_total_count: page.length, RESULT: result('INFO-000'), row: page.map(toRow) },
  });
}

/** The code of what is wrong with a request; null where it is right. */
function requestError(
  key: string,
  type: string,
  service?: string,
  start_text?: string,
  end_text?: string,
): string | null {
  if (!service || !start_text || !end_text) return 'ERROR-300';
  if (type !== 'json') return 'ERROR-301';
  if (service !== 'bikeList') return 'ERROR-310';
  if (!/^-?\d+$/.test(start_text) || !/^-?\d+$/.test(end_text)) return 'ERROR-333';
  const start = Number(start_text);
  const end = Number(end_text);
  if (start < 1) return 'ERROR-331';
  if (end < 1) return 'ERROR-332';
  if (end < start) return 'ERROR-334';
  if (key === SAMPLE_KEY && end > SAMPLE_ROWS) return 'ERROR-335';
  return end - start >= PAGE_ROWS ? 'ERROR-336' : null;
}

/** Ids have holes, as where stations were closed for good. */
const seoulId = (index: number): string => `ST-${4 + index + Math.floor(index / 7)}`;

/** No time, and seven strings. A name mostly begins with a number. */
function toRow({ station, docks, bikes }: StationSnapshot): Record<string, string> {
  const number = station.index % 7 === 3 ? '' : `${101 + station.index}. `;
  return {
    rackTotCnt: String(docks),
    stationName: `${number}${station.name.ko}`,
    parkingBikeTotCnt: String(bikes),
    shared: String(Math.round((bikes / docks) * 100)),
    stationLatitude: station.lat.toFixed(8),
    stationLongitude: station.lon.toFixed(8),
    stationId: seoulId(station.index),
  };
}
