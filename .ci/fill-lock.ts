/**
 * `node .ci/fill-lock.ts [--check]`: completes package-lock.json with the optional packages of other platforms.
 * npm leaves out of the lock what its registry did not serve when it was made, and `npm ci` then refuses the lock (EUSAGE).
 * Such packages are never installed on another platform than theirs; this writes the entries that npm would have written, less
 * the checksum. `--check` only names what is missing, and ends with 1.
 */
import { readFileSync, writeFileSync } from 'node:fs';

export interface LockedPackage {
  version?: string;
  optionalDependencies?: Record<string, string>;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
}

const PLATFORM =
  /[/-](?<os>aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)-(?<cpu>[a-z0-9]+)(?:-(?<libc>[a-z]+))?$/;
const EXACT_VERSION = /^\d+\.\d+\.\d+/;

/** The entries that a lock lacks, by path. Throws for a package whose name doesn't tell its platform. */
export function missingPackages(
  packages: Readonly<Record<string, LockedPackage>>,
): Readonly<Record<string, LockedPackage>> {
  const missing: Record<string, LockedPackage> = {};
  for (const { optionalDependencies, dev } of Object.values(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies ?? {})) {
      const path = `node_modules/${name}`;
      const locked = Object.keys(packages).some((p) => p === path || p.endsWith(`/${path}`));
      if (locked || !EXACT_VERSION.test(version)) continue;
      missing[path] = { version, ...platformOf(name), ...(dev && { dev }), optional: true };
    }
  }
  return missing;
}

function platformOf(name: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> {
  const platform = PLATFORM.exec(name)?.groups;
  if (!platform?.os || !platform.cpu) throw new Error(`${name}: its name doesn't tell its platform; add it by hand`);
  const { os, cpu, libc } = platform;
  return {
    cpu: [cpu],
    ...(libc?.startsWith('musl') && { libc: ['musl'] }),
    ...(libc?.startsWith('gnu') && { libc: ['glibc'] }),
    os: [os],
  };
}

if (import.meta.main) {
  const file = new URL('../package-lock.json', import.meta.url);
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const missing = missingPackages(lock.packages);
  const paths = Object.keys(missing);
  if (process.argv.includes('--check')) {
    for (const path of paths) console.error(`package-lock.json lacks ${path}: run node .ci/fill-lock.ts`);
    process.exitCode = paths.length > 0 ? 1 : 0;
  } else {
    const packages = Object.entries({ ...lock.packages, ...missing });
    packages.sort(([a], [b]) => a.localeCompare(b, 'en'));
    lock.packages = Object.fromEntries(packages);
    writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
    console.log(`${paths.length} packages added`);
  }
}
