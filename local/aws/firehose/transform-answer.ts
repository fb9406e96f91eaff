/** What became of a record in the transform. */
export type Transformed =
  | { readonly result: 'Ok'; readonly body: Buffer }
  | { readonly result: 'Dropped' }
  | { readonly result: 'Failed'; readonly code: string; readonly message: string };

const MISSING = {
  result: 'Failed',
  code: 'Lambda.MissingRecordId',
  message: 'One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids.',
} as const;
const DUPLICATED = {
  result: 'Failed',
  code: 'Lambda.DuplicatedRecordId',
  message:
    'Multiple records were returned with the same record Id. Ensure that the Lambda function returns a unique record Id for each record.',
} as const;
const NOT_JSON = {
  result: 'Failed',
  code: 'Lambda.JsonProcessingException',
  message:
    'Error parsing records returned from Lambda function. Ensure that the function returns only valid JSON with a list of records.',
} as const;
const MARKED = {
  result: 'Failed',
  code: 'Lambda.ProcessingFailedStatus',
  message: 'ProcessingFailed status set for record',
} as const;
const NOT_BASE64 = {
  result: 'Failed',
  code: 'Lambda.FunctionError',
  message: 'The data of the record is not base64.',
} as const;

interface AnswerRecord {
  readonly recordId?: unknown;
  readonly result?: unknown;
  readonly data?: unknown;
}

/**
 * What the transform's answer says of each record that it was given, in their order: each id exactly once, with a result; anything else is
 * a failure of that record (Firehose developer guide, "Required parameters for data transformation"). Total: an answer that is no JSON of
 * this form fails all.
 */
export function toTransformed(answer: Uint8Array, record_ids: readonly string[]): Transformed[] {
  let records: AnswerRecord[] | undefined;
  try {
    const { buffer, byteOffset, byteLength } = answer;
    const text = Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
    records = (JSON.parse(text) as { records?: AnswerRecord[] } | null)?.records;
  } catch {
    records = undefined;
  }
  if (!Array.isArray(records)) return record_ids.map(() => NOT_JSON);
  const found = new Map<unknown, AnswerRecord | 'twice'>();
  for (const record of records) found.set(record?.recordId, found.has(record?.recordId) ? 'twice' : record);
  return record_ids.map((id) => {
    const record = found.get(id);
    if (record === undefined) return MISSING;
    return record === 'twice' ? DUPLICATED : toResult(record);
  });
}

function toResult({ result, data }: AnswerRecord): Transformed {
  if (result === 'Dropped') return { result };
  if (result === 'ProcessingFailed') return MARKED;
  if (result !== 'Ok') return NOT_JSON;
  if (typeof data !== 'string') return NOT_BASE64;
  const body = Buffer.from(data, 'base64');
  // Decoding passes over what isn't base64; then there are fewer bytes than the text promises.
  const promised = Math.floor((data.length * 3) / 4) - (data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0);
  return body.length === promised ? { result, body } : NOT_BASE64;
}
