import { describe, expect, it } from 'vitest';
import { FetchFailure } from '../../../lib/poll/fetch/failure.ts';
import { Pacer } from '../../../lib/poll/fetch/pacer.ts';
import { nextPause, withRetries } from '../../../lib/poll/fetch/retry.ts';
import { retryAfter, statusFailure } from '../../../lib/poll/fetch/status.ts';
import { FakeTimer } from '../fakes.ts';

const busy = (after_ms: number | null = null) => new FetchFailure('http_503', 'busy', { again: true, after_ms });

describe('another try', () => {
  it('waits up to 0.5, 1 and 2 s, by chance; after four tries there is none', () => {
    expect([1, 2, 3, 4].map((tries) => nextPause(busy(), tries, 40_000, 0.999_999))).toEqual([500, 1_000, 2_000, null]);
    expect([1, 2, 3].map((tries) => nextPause(busy(), tries, 40_000, 0))).toEqual([0, 0, 0]);
  });

  it('waits at least what Retry-After says, and is given up where that is beyond the time left', () => {
    expect(nextPause(busy(3_000), 1, 40_000, 0.5)).toBe(3_250);
    expect(nextPause(busy(3_000), 1, 3_250, 0.5)).toBe(null);
  });

  it('is not made where it can not help', () => {
    expect(nextPause(new FetchFailure('http_404', 'gone'), 1, 40_000, 0)).toBe(null);
  });

  it('is made until one succeeds', async () => {
    const timer = new FakeTimer();
    const outcomes = [busy(), busy(), 'the document'];
    const attempt = async () => {
      const next = outcomes.shift();
      if (next instanceof FetchFailure) throw next;
      return next;
    };
    expect(await withRetries(attempt, { timer, random: () => 1, until_ms: 40_000 })).toBe('the document');
    expect(timer.now_ms()).toBe(1_500);
  });
});

describe('an answer that is no document', () => {
  it.each([
    [404, false],
    [403, false],
    [400, false],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
  ])('%i: another try %s', (code, again) => {
    expect(statusFailure(code, undefined, undefined)).toMatchObject({ reason: `http_${code}`, http_code: code, again });
  });

  it.each([
    ['120', undefined, 120_000],
    ['Sat, 21 Nov 2026 10:32:00 GMT', 'Sat, 21 Nov 2026 10:31:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 10:31:00 GMT', 'Sat, 21 Nov 2026 10:31:30 GMT', 0],
    ['Sat, 21 Nov 2026 10:32:00 GMT', undefined, null],
    ['soon', undefined, null],
    [undefined, undefined, null],
  ])('Retry-After %j, Date %j: %j ms', (value, date, ms) => {
    expect(retryAfter(value, date)).toBe(ms);
  });
});

describe('the pace', () => {
  /** Runs requests of 1 s each and tells when each began. */
  async function begins(hosts: readonly string[], prepare?: (pacer: Pacer) => void): Promise<string[]> {
    const timer = new FakeTimer();
    const pacer = new Pacer(timer);
    prepare?.(pacer);
    const began: string[] = [];
    await Promise.all(
      hosts.map((host, n) =>
        pacer.run(host, !host.startsWith('later'), async () => {
          began.push(`${host}${n} ${timer.now_ms()}`);
          await timer.sleep(1_000);
        }),
      ),
    );
    return began;
  }

  it('asks one host every 50 ms, and with four requests at once at most', async () => {
    expect(await begins(['a', 'a', 'a', 'a', 'a', 'a'])).toEqual([
      'a0 0',
      'a1 50',
      'a2 100',
      'a3 150',
      'a4 1000',
      'a5 1050',
    ]);
  });

  it('has eight requests in flight at most', async () => {
    const hosts = Array.from({ length: 10 }, (_, n) => `h${n}-`);
    const began = await begins(hosts);
    expect(began.filter((line) => line.endsWith(' 0'))).toHaveLength(8);
    expect(began.slice(8)).toEqual(['h8-8 1000', 'h9-9 1000']);
  });

  it('lets a host that waits hold up no other', async () => {
    expect(await begins(['a', 'a', 'b'])).toEqual(['a0 0', 'b2 0', 'a1 50']);
  });

  it('asks a host that said 429 once a second', async () => {
    expect(await begins(['a', 'a', 'b'], (pacer) => pacer.slowDown('a'))).toEqual(['b2 0', 'a0 1000', 'a1 2000']);
  });

  it('takes what the slot stands or falls with first', async () => {
    const hosts = ['later', ...Array.from({ length: 9 }, (_, n) => `h${n}-`)];
    const began = await begins(hosts);
    expect(began[0]).toBe('later0 0'); // nothing else was there yet
    const queued = await begins([...Array.from({ length: 8 }, (_, n) => `h${n}-`), 'later', 'z']);
    expect(queued.slice(8).map((line) => line.split(' ')[0])).toEqual(['z9', 'later8']);
  });
});
