import { checksums, type Tables, unlikeDuckdb, unnamed } from './check.ts';
import { filesOf } from './folder.ts';
import type { KilledLake } from './lakes.ts';

/** What differs from a lake whose runs nobody ended, told as it is found. */
export class Verdict {
  readonly wrong: string[] = [];

  found(lines: readonly string[]): void {
    this.wrong.push(...lines);
    for (const line of lines) console.log(`  DIFFERENT ${line}`);
  }

  async rows(lake: KilledLake, tables: Tables): Promise<void> {
    const unlike = await unlikeDuckdb(lake, tables);
    this.found(unlike);
    if (unlike.length === 0) console.log("  every row as DuckDB's");
  }

  /** Days that were new: each of a table was changed by one snapshot. */
  oneEffect(tables: Tables): void {
    const effects = Object.entries(tables).flatMap(([name, table]) =>
      Object.entries(table?.effects ?? {}).map(([day, n]) => ({ what: `${name}, ${day}`, n })),
    );
    const others = effects.filter(({ n }) => n !== 1);
    this.found(others.map(({ what, n }) => `${what}: changed by ${n} snapshots`));
    if (effects.length === 0) this.found(['no table has a day']);
    console.log(`  ${effects.length - others.length} of ${effects.length} tables and days changed by one snapshot`);
  }

  sameEffects(expected: Tables, tables: Tables): void {
    const days = Object.values(expected).flatMap((table) => Object.keys(table?.effects ?? {}));
    const others = otherEffects(expected, tables);
    this.found(others);
    if (others.length === 0) console.log(`  ${days.length} tables and days changed as often as without a kill`);
  }

  /** Snapshots that are to stay are there, with the rows that they had. */
  sameSnapshots(before: Tables, after: Tables, isToStay: (committed_ms: number) => boolean): void {
    let compared = 0;
    for (const [name, was] of Object.entries(before)) {
      for (const [i, id] of (was?.snapshots ?? []).entries()) {
        if (!isToStay(was?.committed_ms[i] ?? 0)) continue;
        compared += 1;
        const [rows, now] = [was?.rows[id], after[name]?.rows[id]];
        if (rows === undefined || rows !== now)
          this.found([`${name}, snapshot ${id}: ${rows}, after maintain ${now ?? 'gone'}`]);
      }
    }
    if (compared === 0) this.found(['no snapshot was compared']);
    console.log(`  ${compared} snapshots of before maintain looked for`);
  }

  /** All but the newest of a table that are older than an instant are to be gone. */
  expired(tables: Tables, until_ms: number): void {
    for (const [name, table] of Object.entries(tables)) {
      const old = table?.committed_ms.slice(0, -1).filter((ms) => ms < until_ms).length ?? 0;
      if (old > 0) this.found([`${name}: ${old} old snapshots did not expire`]);
    }
  }

  /** The files on disk are those that snapshots name. */
  files(lake: KilledLake, before: Tables, after: Tables, there: number): void {
    const { orphans, missing } = unnamed(lake, after);
    this.found(orphans.map((path) => `no snapshot names ${path}`));
    this.found(missing.map((path) => `a snapshot names ${path}, which is gone`));
    this.found(checksums(lake).map((path) => `${path} is of no file`));
    const [was, is] = [before, after].map((tables) => Object.values(tables).flatMap((table) => table?.named ?? []).length);
    const now = filesOf(lake.iceberg).filter(({ table }) => table !== '').length;
    console.log(`  maintain: ${there} files of tables, ${was} of them named; ${now} after it, ${is} named`);
  } // biome-ignore format: one line
}

/** Days of tables that another number of snapshots has changed than without a kill, a line each. */
export function otherEffects(expected: Tables, found: Tables): string[] {
  return Object.keys(expected).flatMap((name) => {
    const [was, is] = [expected[name]?.effects ?? {}, found[name]?.effects ?? {}];
    return [...new Set([...Object.keys(was), ...Object.keys(is)])]
      .filter((day) => was[day] !== is[day])
      .map((day) => `${name}, ${day}: changed by ${is[day] ?? 0} snapshots, without a kill by ${was[day] ?? 0}`);
  });
}
