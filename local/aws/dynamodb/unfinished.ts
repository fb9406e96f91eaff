import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

interface Store {
  open(): Promise<void>;
  iterator(range: { gt: string; lt: string }): AsyncIterable<[string, Table]>;
  put(key: string, value: Table): Promise<void>;
  close(): Promise<void>;
}

interface Table {
  TableStatus?: string;
}

/** dynalite's own LevelDB: the package is its dependency and not the project's. */
const require = createRequire(createRequire(import.meta.url).resolve('dynalite'));

/**
 * Makes tables ACTIVE that dynalite had begun to create when the process was killed: it writes CREATING first and ACTIVE a moment later, and
 * a table in between can be neither used nor deleted. Nobody can have written into it. To be called while nobody has the store open.
 */
export async function finishTables(path: string): Promise<void> {
  if (!existsSync(join(path, 'CURRENT'))) return; // no store yet
  const { Level } = require('level') as { Level: new (path: string, options: object) => Store };
  const store = new Level(path, { valueEncoding: 'json' });
  await store.open();
  try {
    for await (const [key, table] of store.iterator({ gt: 'table~', lt: 'table~\xff' })) {
      if (table.TableStatus === 'CREATING') await store.put(key, { ...table, TableStatus: 'ACTIVE' });
    }
  } finally {
    await store.close();
  }
}
