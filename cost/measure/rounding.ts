/** How AWS rounds what it bills. Pure; each rule with the page that states it. */

const KIB = 1024;
/** "Amazon Kinesis Data Streams pricing": a PUT payload unit is 25 KB of a record, and each record is rounded up by itself. */
const PUT_UNIT_BYTES = 25 * KIB;
/** "Amazon Data Firehose pricing": for direct puts and Kinesis as a source, each record counts in steps of 5 KB. */
const FIREHOSE_STEP_BYTES = 5 * KIB;
/** DynamoDB developer guide, "Read and write operations": a write unit is 1 KB, a read unit 4 KB, half of it where the read is eventually consistent. */
const WRITE_UNIT_BYTES = KIB;
const READ_UNIT_BYTES = 4 * KIB;

/** PUT payload units of one record. `bytes`: of its data, with the partition key. */
export const putUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / PUT_UNIT_BYTES));

/** What Firehose bills for one record, bytes. */
export const firehoseBytes = (bytes: number): number =>
  Math.max(1, Math.ceil(bytes / FIREHOSE_STEP_BYTES)) * FIREHOSE_STEP_BYTES;

/** Write units of a put; a put whose condition is refused costs as much as the larger of the two items would (at least one). */
export const writeUnits = (item_bytes: number): number => Math.max(1, Math.ceil(item_bytes / WRITE_UNIT_BYTES));

/** Read units of a get; an item that isn't there costs the smallest read. */
export const readUnits = (item_bytes: number, consistent: boolean): number =>
  Math.max(1, Math.ceil(item_bytes / READ_UNIT_BYTES)) * (consistent ? 1 : 0.5);

/** An attribute value in DynamoDB's JSON. */
export type AttributeValue = Readonly<Record<string, unknown>>;

/** Size of an item as DynamoDB counts it (developer guide, "Item sizes and formats"): names and values as UTF-8, binary unencoded. */
export function itemBytes(item: Readonly<Record<string, AttributeValue>>): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0);
}

function valueBytes(value: AttributeValue): number {
  const [[type, content] = ['NULL', true]] = Object.entries(value);
  switch (type) {
    case 'S':
      return Buffer.byteLength(content as string);
    case 'N':
      return Math.ceil((content as string).replace(/[^0-9]/g, '').length / 2) + 1;
    case 'B':
      return Buffer.from(content as string, 'base64').length;
    case 'L':
      return 3 + (content as AttributeValue[]).reduce((sum, one) => sum + 1 + valueBytes(one), 0);
    case 'M':
      return 3 + itemBytes(content as Record<string, AttributeValue>) + Object.keys(content as object).length;
    default:
      return 1; // BOOL and NULL
  }
}
