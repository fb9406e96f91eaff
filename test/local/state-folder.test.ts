import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { takeStateFolder } from '../../local/state-folder.ts';
import { temporaryFolder } from './workbench.ts';

describe('a state folder', () => {
  it('is made, carries its format, and can be given back and taken again', () => {
    const dir = join(temporaryFolder(), 'a', 'b');
    const giveBack = takeStateFolder(dir);
    expect(readFileSync(join(dir, 'version.json'), 'utf8')).toBe('{"format":1}\n');
    giveBack();
    takeStateFolder(dir)();
  });
  it('that another run has is refused, with its process and the remedy', () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'lock'), `${process.ppid}\n`);
    expect(() => takeStateFolder(dir)).toThrow(
      `${dir}: in use by another run (process ${process.ppid}): end that run, or choose another folder by --dir`,
    );
  });
  it('of a process that has ended is taken over', () => {
    const dir = temporaryFolder();
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(join(dir, 'lock'), `${pid}\n`);
    takeStateFolder(dir)();
    writeFileSync(join(dir, 'lock'), '');
    takeStateFolder(dir)();
  });
  it('of another version is refused with the remedy, and not locked', () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'version.json'), '{"format":7}');
    const refusal = `${dir}: the state folder is of format 7, this version reads 1: choose another folder by --dir`;
    expect(() => takeStateFolder(dir)).toThrow(refusal);
    expect(() => takeStateFolder(dir)).toThrow(refusal);
  });
  it('that cannot be made is named', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(() => takeStateFolder(join(file, 'dir'))).toThrow("can't be made");
  });
});
