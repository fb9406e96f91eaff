import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { DirectPutDelivery } from '../../local/aws/firehose/direct-put.ts';
import { S3Store } from '../../local/aws/s3/store.ts';
import { StateFile } from '../../local/aws/state-file.ts';
import { VirtualClock } from '../../local/clock.ts';
import { ScriptedFaults } from './scripted-faults.ts';
import { folderOf, temporaryFolder } from './workbench.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SETTINGS = {
  name: 'quarantine',
  source: null,
  bucket: 'lake',
  prefix: 'quarantine/',
  error_prefix: 'errors/',
  compression: 'UNCOMPRESSED' as const,
  delimiter: '',
  buffer_bytes: 1 << 20,
  buffer_ms: 60_000,
  transform: null,
  conversion: null,
};

test('a state file that cannot be written stays what it was', () => {
  const path = join(temporaryFolder(), 'state.json');
  const faults = new ScriptedFaults();
  const state = new StateFile<{ n: number }>(path, faults);
  state.write({ n: 1 });
  faults.at('disk.state', 'disk_full');
  expect(() => state.write({ n: 2 })).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
  expect(state.read()).toEqual({ n: 1 });
  state.write({ n: 3 });
  expect(new StateFile(path).read()).toEqual({ n: 3 });
});

test('an object that cannot be written is not there, and nothing of it is left', async () => {
  const dir = temporaryFolder();
  const faults = new ScriptedFaults().at('disk.s3', 'disk_full', 'disk_full');
  const store = await S3Store.open(dir, new VirtualClock(0, 0), faults);
  await store.createBucket('lake');
  await expect(store.put('lake', 'k', Buffer.from('a'), { if_none_match: true })).rejects.toMatchObject({
    code: 'ENOSPC',
  });
  await expect(store.putFile('lake', 'k', join(folderOf({ f: 'a' }), 'f'))).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(store.facts('lake', 'k')).toBeUndefined();
  expect(readdirSync(join(dir, 's3-tmp'))).toEqual([]);
  expect(await store.put('lake', 'k', Buffer.from('a'), { if_none_match: true })).toMatchObject({ created: true });
});

test('a delivery stream answers a put that does not fit with an error, and delivers all others once', async () => {
  const dir = temporaryFolder();
  const faults = new ScriptedFaults();
  const clock = new VirtualClock(Date.parse('2022-06-28T15:00:00Z'), 0);
  const s3 = await S3Store.open(dir, clock, faults);
  await s3.createBucket('lake');
  const delivery = new DirectPutDelivery(SETTINGS, { s3, clock, dir, warn: () => undefined }, faults);
  delivery.put([Buffer.from('a')]);
  faults.at('disk.firehose', 'disk_full').at('disk.s3', 'disk_full');
  expect(() => delivery.put([Buffer.from('b')])).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
  delivery.put([Buffer.from('c')]);
  await delivery.drain();
  await delivery.close();
  const objects = await s3.list('lake');
  expect(await Promise.all(objects.map(async ({ key }) => String(await s3.get('lake', key))))).toEqual(['ac']);
  expect(faults.met).toEqual(['disk.firehose:disk_full', 'disk.s3:disk_full']);
});

/** A limit on a file's size stands for the full disk: the system writes what fits, and refuses the rest. */
test.skipIf(!existsSync('/bin/bash'))('what fits of a put on a full disk is taken back', () => {
  const dir = temporaryFolder();
  const source = `
    import { DirectPutDelivery } from './local/aws/firehose/direct-put.ts';
    import { VirtualClock } from './local/clock.ts';
    const ports = { s3: {}, clock: new VirtualClock(0, 0), dir: ${JSON.stringify(dir)}, warn() {} };
    const delivery = new DirectPutDelivery(${JSON.stringify(SETTINGS)}, ports);
    const put = (bytes) => { try { delivery.put([Buffer.alloc(bytes)]); return 'taken'; } catch (e) { return e.code; } };
    console.log(put(500), put(500), put(100));
    await delivery.close();`;
  const output = execFileSync(
    '/bin/bash',
    ['-c', 'ulimit -f 1; exec "$0" --input-type=module-typescript --eval "$1"', process.execPath, source],
    { cwd: ROOT, encoding: 'utf8' },
  );
  expect(output).toBe('taken EFBIG taken\n');
  const lines = readFileSync(join(dir, 'firehose/quarantine.accepted'), 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => Buffer.from(JSON.parse(line).data, 'base64').length)).toEqual([500, 100]);
});
