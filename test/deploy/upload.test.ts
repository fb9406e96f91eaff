import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobFiles, jobsVersion } from '../../deploy/jobs.cjs';
import { uploadJobs, uploadPlan } from '../../deploy/upload.cjs';

const s3 = mockClient(S3Client);
const aws = { region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
let root: string;
const write = (path: string, text: string) => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
};
beforeEach(() => {
  s3.on(PutObjectCommand).resolves({});
  root = mkdtempSync(join(tmpdir(), 'bikelake-upload-'));
  write('jobs/spark/main.py', 'main');
  write('jobs/spark/lib/__pycache__/x.pyc', 'compiled');
  write('jobs/spark/.cache/y', 'hidden');
  write('jobs/sql/gold/a.sql', 'SELECT 1');
  write('jobs/duckdb/z.ts', 'not of Spark');
});
afterEach(() => {
  rmSync(root, { recursive: true });
  s3.reset();
});
const puts = () =>
  s3
    .commandCalls(PutObjectCommand)
    .map(({ args }) => [args[0].input.Key, Buffer.from(args[0].input.Body as Uint8Array).toString()]);

describe('the programs of Spark', () => {
  it('are what their folders hold, less what tools leave there', () => {
    expect(jobFiles(root)).toEqual(['jobs/spark/main.py', 'jobs/sql/gold/a.sql']);
  });

  it('have another version when a byte or a name changes, and only then', () => {
    const before = jobsVersion(root);
    expect(before).toMatch(/^[0-9a-f]{12}$/);
    write('jobs/duckdb/z.ts', 'changed');
    expect(jobsVersion(root)).toBe(before);
    write('jobs/sql/gold/a.sql', 'SELECT 2');
    const changed = jobsVersion(root);
    write('jobs/sql/gold/a.sql', 'SELECT 1');
    renameSync(join(root, 'jobs/sql/gold/a.sql'), join(root, 'jobs/sql/gold/b.sql'));
    expect(new Set([before, changed, jobsVersion(root)]).size).toBe(3);
  });

  it('go into the folder of their version', async () => {
    await uploadJobs(aws, { lakeName: 'a-lake', jobs: 'jobs/abc', root });
    expect(puts()).toEqual([
      ['jobs/abc/spark/main.py', 'main'],
      ['jobs/abc/sql/gold/a.sql', 'SELECT 1'],
    ]);
  });

  it('may be none yet', async () => {
    rmSync(join(root, 'jobs'), { recursive: true });
    expect(jobFiles(root)).toEqual([]);
    await expect(uploadJobs(aws, { lakeName: 'a-lake', jobs: 'jobs/abc', root })).resolves.toContain('0 files');
  });
});

describe('the plan', () => {
  it('has one name in the lake, whatever it was made of', async () => {
    write('other.json', '{"format":1}');
    await uploadPlan(aws, { lakeName: 'a-lake', planFile: join(root, 'other.json') });
    expect(puts()).toEqual([['config/plan.json', '{"format":1}']]);
  });

  it('that is missing is named, with the command that makes it', async () => {
    await expect(uploadPlan(aws, { lakeName: 'a-lake', planFile: join(root, 'none.json') })).rejects.toThrow(
      /none.json is missing: make it with npm run plan/,
    );
  });

  it('that the lake refuses is an error with the object and what to do', async () => {
    s3.on(PutObjectCommand).rejects(new Error('Access Denied'));
    write('plan.json', '{}');
    await expect(uploadPlan(aws, { lakeName: 'a-lake', planFile: join(root, 'plan.json') })).rejects.toThrow(
      /s3:\/\/a-lake\/config\/plan.json can't be put: Access Denied; see that/,
    );
  });
});
