import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Timeline } from '../../../../local/sources/city/timeline.ts';

describe('a timeline', () => {
  test('events happen in the order of their times; those of one time in the order they were scheduled', () => {
    const happened: string[] = [];
    const timeline = new Timeline(1000);
    timeline.schedule(3000, () => happened.push('late'));
    timeline.schedule(2000, () => happened.push('first of two'));
    timeline.schedule(2000, () => happened.push('second of two'));
    timeline.advanceTo(2000);
    expect(happened).toEqual(['first of two', 'second of two']);
    timeline.advanceTo(2999);
    expect(happened).toHaveLength(2);
    timeline.advanceTo(3000);
    expect(happened).toEqual(['first of two', 'second of two', 'late']);
  });

  test('an event may schedule others, which happen in the same advance when they are due', () => {
    const happened: number[] = [];
    const timeline = new Timeline(0);
    const again = (now_ms: number): void => {
      happened.push(now_ms);
      timeline.schedule(now_ms + 10, again);
    };
    timeline.schedule(10, again);
    timeline.advanceTo(35);
    expect(happened).toEqual([10, 20, 30]);
    expect(timeline.now_ms).toBe(35);
  });

  test('a time that has passed means now', () => {
    const happened: number[] = [];
    const timeline = new Timeline(100);
    timeline.schedule(5, (now_ms) => happened.push(now_ms));
    timeline.advanceTo(100);
    expect(happened).toEqual([100]);
  });

  test('any events come sorted', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), (times_ms) => {
        const happened: [number, number][] = [];
        const timeline = new Timeline(0);
        for (const [order, at_ms] of times_ms.entries()) {
          timeline.schedule(at_ms, (now_ms) => happened.push([now_ms, order]));
        }
        timeline.advanceTo(50);
        expect(happened).toEqual(
          times_ms.map((at_ms, order) => [at_ms, order]).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0)),
        );
      }),
    );
  });
});
