'use strict';
const { createHash } = require('node:crypto');
const { existsSync, readdirSync, readFileSync } = require('node:fs');
const { join, sep } = require('node:path');

const ROOT = join(__dirname, '..');
/** What the programs of Spark are made of, by folder of the project. */
const FOLDERS = ['jobs/spark', 'jobs/sql'];
const NOT_THEIRS = /(^|\/)(__pycache__|\.[^/]*)(\/|$)|\.pyc$/;

/** The programs' files, by path in the project with `/`, sorted; none where a folder is not there. */
function jobFiles(root = ROOT) {
  const files = FOLDERS.filter((folder) => existsSync(join(root, folder))).flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(root, '/').length).replaceAll(sep, '/')),
  );
  return files.filter((file) => !NOT_THEIRS.test(file)).sort((a, b) => (a < b ? -1 : 1));
}

/**
 * A name for the programs that changes when one of their files does: over paths and contents. A run that was started before a deploy
 * goes on with the programs it was started with.
 */
function jobsVersion(root = ROOT) {
  const hash = createHash('sha256');
  for (const file of jobFiles(root)) {
    const bytes = readFileSync(join(root, file));
    hash.update(`${file}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex').slice(0, 12);
}

module.exports = async () => ({ version: jobsVersion() });
module.exports.jobFiles = jobFiles;
module.exports.jobsVersion = jobsVersion;
