import { describe, expect, it } from 'vitest';
import { afterPoll, CLOSED, isOpen } from '../../lib/poll/breaker.ts';
import { isHourlyDue, NEW_SYSTEM, parseState, stateText, usableValidators } from '../../lib/poll/state.ts';
import { MINUTE_MS, SLOT_MS } from './fakes.ts';

const validators = { url: 'https://a.example/x', etag: '"1"', last_modified: null, basis_slot_ms: SLOT_MS };

describe('validators', () => {
  it.each([
    ['a minute later', 1, true],
    ['an hour later', 60, true],
    ['more than an hour later: the body is fetched in full', 61, false],
    ['at the same slot, delivered twice', 0, false],
    ['at an earlier slot, in a replay', -1, false],
  ])('%s', (_, minutes, isUsed) => {
    const used = usableValidators(validators, validators.url, SLOT_MS + minutes * MINUTE_MS);
    expect(used).toEqual(isUsed ? validators : null);
  });

  it('are for the URL that gave them', () => {
    expect(usableValidators(validators, 'https://a.example/y', SLOT_MS + MINUTE_MS)).toBe(null);
    expect(usableValidators(undefined, 'https://a.example/y', SLOT_MS)).toBe(null);
  });
});

describe('what is due once an hour', () => {
  it.each([
    ['never done', null, null, true],
    ['done 59 minutes ago', -59, -59, false],
    ['done an hour ago', -60, -60, true],
    ['failed 9 minutes ago', -70, -9, false],
    ['failed 10 minutes ago', -70, -10, true],
    ['never done, failed a minute ago', null, -1, false],
    ['done later, in a replay', 30, 30, true],
  ])('%s: %s', (_, done, tried, isDue) => {
    const at = (minutes: number | null) => (minutes === null ? null : SLOT_MS + minutes * MINUTE_MS);
    expect(isHourlyDue(at(done), at(tried), SLOT_MS)).toBe(isDue);
  });
});

describe('a breaker', () => {
  const failing = (polls: number) =>
    Array.from({ length: polls }).reduce<typeof CLOSED>(
      (b, _, n) => afterPoll(b, 'http_500', SLOT_MS + n * MINUTE_MS),
      CLOSED,
    );

  it('opens with the fifth failure in a row, and lets one probe after five minutes', () => {
    const at = (minute: number) => SLOT_MS + minute * MINUTE_MS;
    expect(isOpen(failing(4), at(4))).toBe(false);
    expect([4, 5, 8, 9].map((minute) => isOpen(failing(5), at(minute)))).toEqual([true, true, true, false]);
  });

  it('is closed by one success', () => {
    expect(afterPoll(failing(5), null, SLOT_MS)).toEqual(CLOSED);
  });

  it('does not judge a slot before its last failure', () => {
    expect(isOpen(failing(5), SLOT_MS - MINUTE_MS)).toBe(false);
  });
});

describe('the text of a state', () => {
  it('comes back as it was', () => {
    const state = { a: { ...NEW_SYSTEM, validators: { station_status: validators } } };
    expect(parseState(stateText(state))).toEqual(state);
  });

  it.each(['{"format":2,"systems":{}}', '{}', '{"format":1}'])('%s is of no use', (text) => {
    expect(() => parseState(text)).toThrow('not of format 1');
  });

  it('that an item can not hold is refused', () => {
    expect(() => stateText({ ['x'.repeat(390_000)]: NEW_SYSTEM })).toThrow('plan smaller groups');
  });
});
