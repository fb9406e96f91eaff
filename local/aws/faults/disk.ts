import type { Faults } from '../faults.ts';

/** Throws what a write to a full disk throws, if the faults say so. Asked before the write. */
export function checkDisk(faults: Faults, place: string, path: string): void {
  if (faults.next(`disk.${place}`, ['disk_full']) === null) return;
  const error = new Error(`ENOSPC: no space left on device, write '${path}'`);
  throw Object.assign(error, { code: 'ENOSPC', errno: -28, syscall: 'write', path });
}
