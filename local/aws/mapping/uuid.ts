import { createHash } from 'node:crypto';

/** Of the event source mapping with a logical id. The same mapping has the same UUID in every run: its state and the keys of its failure documents are found again. */
export function uuidOf(id: string): string {
  const hex = createHash('sha256').update(id).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
