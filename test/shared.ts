import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Real captures lie beside the project, and are never part of it. Tests that need them say that they were left out. */
export const sharedData = (path: string): string =>
  fileURLToPath(new URL(`../../shared/data/${path}`, import.meta.url));

export const hasSharedData = existsSync(sharedData('README.md'));
if (!hasSharedData) console.warn('../shared/data is absent: tests on real captures are left out');

/** The largest recording takes as long as the two others many times over: `npm test` leaves it to LARGE_RECORDING=1, which CI sets. */
export const hasTimeForLarge = process.env.LARGE_RECORDING === '1';

export const readShared = (path: string): Buffer => readFileSync(sharedData(path));
