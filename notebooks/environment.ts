import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sparkEnvironment, sparkVariables } from '../jobs/spark/environment.ts';
import { foundPython, makeEnvironment, markMade, type VirtualEnvironment } from '../jobs/spark/virtual-environment.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIR = join(ROOT, '.venv', 'notebook');
const NOTEBOOK: VirtualEnvironment = {
  dir: DIR,
  requirements: fileURLToPath(new URL('requirements.txt', import.meta.url)),
  user: 'the notebook',
  // What DuckDB and Spark 3.5 both run with.
  versions: ['3.10', '3.11'],
};
const SPARK_LIMITS = { threads: 2, memory_mb: 1024 } as const;
const PACKAGES = 'import pathlib, pyspark; print(pathlib.Path(pyspark.__file__).parent.parent)';

/**
 * A Python with the notebook's packages, in .venv/notebook, made where they aren't there (about 450 MB), beside Spark's. `.venv/notebook/spark.json` tells
 * the notebook where Spark is, whoever started its kernel. Throws FatalError `no_python`, `no_packages`, `no_java`.
 */
export function notebookPython(): string {
  const spark = sparkEnvironment();
  const python = foundPython(NOTEBOOK) ?? made();
  const { JAVA_HOME, SPARK_LOCAL_IP, PYSPARK_SUBMIT_ARGS } = sparkVariables(spark, SPARK_LIMITS);
  const packages = spawnSync(spark.python, ['-c', PACKAGES], { encoding: 'utf8' }).stdout.trim();
  const environment = { JAVA_HOME, SPARK_LOCAL_IP, PYSPARK_SUBMIT_ARGS };
  writeFileSync(join(DIR, 'spark.json'), `${JSON.stringify({ environment, packages }, null, 2)}\n`);
  return python;
}

function made(): string {
  console.error(`the notebook's packages come into ${DIR}: a minute or two the first time`);
  const python = makeEnvironment(NOTEBOOK);
  markMade(NOTEBOOK);
  return python;
}

/** What else Jupyter and matplotlib would leave in the person's home. */
export const OWN_FOLDERS: NodeJS.ProcessEnv = {
  IPYTHONDIR: join(DIR, 'ipython'),
  JUPYTER_RUNTIME_DIR: join(DIR, 'runtime'),
  JUPYTER_CONFIG_DIR: join(DIR, 'config'),
  MPLCONFIGDIR: join(DIR, 'matplotlib'),
  PYTHONDONTWRITEBYTECODE: '1',
};
