import { newest } from './folder.ts';
import { type Ended, LAST_OF_THING } from './job.ts';

/** Where a run was when it was killed, by the file that it wrote last. */
export function phaseOf(warehouse: string, { began_ms }: Ended, isAllMade: boolean): string {
  const file = newest(warehouse, began_ms);
  if (file === null) return isAllMade ? 'nothing left to make, no report yet' : 'before its first file';
  switch (file.kind) {
    case 'data':
      return 'data files of a partition, no commit';
    case 'manifest':
      return 'manifests, no commit';
    case 'commit':
      if (file.path.endsWith('/v1.metadata.json')) return 'a table made, no snapshot';
      return LAST_OF_THING.includes(file.table) ? 'the last commit of a thing, not remembered' : 'between two commits';
    case 'remembered':
      return isAllMade ? 'all remembered, no report yet' : 'a thing remembered, the next one begun';
    default:
      return 'the report written';
  }
}
