import { expect, it } from 'vitest';
import { VirtualClock } from '../../local/clock.ts';

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

it('a sleep that is given up leaves no timer, which would keep the process until its time', async () => {
  const clock = new VirtualClock(0, 60);
  const before = timers();
  const ending = new AbortController();
  const sleeps = [clock.sleep(86_400_000, ending.signal), clock.sleep(3_600_000, ending.signal)];
  expect(timers()).toBe(before + 1);
  ending.abort();
  await Promise.all(sleeps);
  expect(timers()).toBe(before);
});
