import { describe, expect, it, test } from 'vitest';
import { FaultInjector } from '../../local/aws/faults/injector.ts';
import { parseFaults } from '../../local/aws/faults/spec.ts';
import type { FaultKind } from '../../local/aws/faults.ts';

const rule = (text: string) => parseFaults(text).rules[0];

describe('the faults of a run', () => {
  it.each([
    ['0.2', { service: null, operation: null, kind: null, rate: 0.2, nth: null }],
    ['s3=0.2', { service: 's3', operation: null, kind: null, rate: 0.2, nth: null }],
    ['s3.PutObject=1', { service: 's3', operation: 'PutObject', kind: null, rate: 1, nth: null }],
    [
      's3.PutObject:lost_reply=0.2',
      { service: 's3', operation: 'PutObject', kind: 'lost_reply', rate: 0.2, nth: null },
    ],
    ['s3.PutObject:lost_reply#3', { service: 's3', operation: 'PutObject', kind: 'lost_reply', rate: null, nth: 3 }],
    ['lambda:killed=0.05', { service: 'lambda', operation: null, kind: 'killed', rate: 0.05, nth: null }],
    ['throttle=0.1', { service: null, operation: null, kind: 'throttle', rate: 0.1, nth: null }],
    ['delivery.a-dev-b.c:duplicate#1', { service: 'delivery', operation: 'a-dev-b.c', kind: 'duplicate', nth: 1 }],
  ])('%s is read', (text, expected) => {
    expect(rule(text)).toMatchObject({ text, ...expected });
  });
  it('have a seed, 1 if none is given', () => {
    expect(parseFaults('0.2')).toMatchObject({ seed: 1, rules: [{ rate: 0.2 }] });
    expect(parseFaults('seed=7, 0.2')).toMatchObject({ seed: 7, rules: [{ rate: 0.2 }] });
  });
  it.each([
    ['', 'rule \\(empty\\): give rules like 0.2, s3=0.2'],
    ['seed=7', 'rule seed=7: no rule in it'],
    ['s4=0.2', 'rule s4=0.2: there is no service or kind s4; services: kinesis, firehose, .*; kinds: throttle, '],
    ['s3.PutObjekt=0.2', 'rule s3.PutObjekt=0.2: s3 has no PutObjekt; it has GetObject, PutObject, '],
    ['s3:killed=0.2', "rule s3:killed=0.2: s3 can't do killed; it does throttle, error, "],
    ['0.2,s3=2', 'rule s3=2: a rate is a number from 0 to 1, such as 0.2, and not 2'],
    ['s3=', 'rule s3=: a rate is a number from 0 to 1, such as 0.2, and not nothing'],
    ['s3#0', 'rule s3#0: it takes a whole number from 1 on, and not 0'],
    ['seed=x,0.1', 'rule seed=x: it takes a whole number from 0 on, and not x'],
    ['s3', 'rule s3: give rules like 0.2, s3=0.2'],
  ])('%j is refused by the name of the rule, with what exists', (text, message) => {
    expect(() => parseFaults(text)).toThrow(new RegExp(`^--faults: ${message}`));
  });
});

const DOOR = ['throttle', 'error', 'lost_reply', 'slow'] as const;

function drawn(spec: string, place: string, kinds: readonly FaultKind[], calls: number): Map<FaultKind | null, number> {
  const injector = new FaultInjector(parseFaults(spec));
  const counts = new Map<FaultKind | null, number>();
  for (let i = 0; i < calls; i += 1) {
    const kind = injector.next(place, kinds);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

test.each([1, 2, 3])('a rate is the share of the calls, and its kinds share it evenly (seed %i)', (seed) => {
  const counts = drawn(`0.2,seed=${seed}`, 's3.PutObject', DOOR, 20_000);
  // 5 standard deviations of a binomial of 20,000 calls
  for (const kind of DOOR)
    expect(Math.abs((counts.get(kind) ?? 0) - 1000)).toBeLessThan(5 * Math.sqrt(20_000 * 0.05 * 0.95));
  expect(Math.abs((counts.get(null) ?? 0) - 16_000)).toBeLessThan(5 * Math.sqrt(20_000 * 0.2 * 0.8));
});

test('a rate for one place or kind leaves the others alone', () => {
  expect(drawn('s3.PutObject=1', 's3.GetObject', DOOR, 100)).toEqual(new Map([[null, 100]]));
  expect(drawn('s3=1', 'kinesis.PutRecords', DOOR, 100)).toEqual(new Map([[null, 100]]));
  expect(drawn('throttle=1', 'kinesis.PutRecords', DOOR, 100)).toEqual(new Map([['throttle', 100]]));
  expect(drawn('throttle=1', 'settle.lake', ['early'], 100)).toEqual(new Map([[null, 100]]));
});

test('of rules that fit, the last one counts', () => {
  expect(drawn('1,s3=0', 's3.PutObject', DOOR, 100)).toEqual(new Map([[null, 100]]));
  expect(drawn('s3=0,1', 's3.PutObject', ['slow'], 100)).toEqual(new Map([['slow', 100]]));
  const counts = drawn('s3=1,s3:slow=0', 's3.PutObject', DOOR, 1000);
  expect(counts.get('slow')).toBeUndefined();
  expect(counts.get('throttle')).toBeGreaterThan(200);
});

test('what loses data by design happens only where it is named', () => {
  expect(drawn('1', 'mapping.silver', ['give_up', 'rebatch'], 50)).toEqual(new Map([['rebatch', 50]]));
  expect(drawn('mapping=1', 'mapping.silver', ['give_up'], 50)).toEqual(new Map([[null, 50]]));
  expect(drawn('give_up=1', 'mapping.silver', ['give_up'], 50)).toEqual(new Map([['give_up', 50]]));
  expect(drawn('mapping:give_up=1', 'mapping.silver', ['give_up'], 50)).toEqual(new Map([['give_up', 50]]));
});

test('an exact call is the n-th that the rule fits, and no other', () => {
  const injector = new FaultInjector(parseFaults('s3.PutObject:lost_reply#3'));
  const answers = [];
  for (let i = 0; i < 3; i += 1) {
    answers.push(injector.next('s3.GetObject', DOOR), injector.next('s3.PutObject', ['error']));
    answers.push(injector.next('s3.PutObject', DOOR));
  }
  answers.push(injector.next('s3.PutObject', DOOR));
  expect(answers).toEqual([null, null, null, null, null, null, null, null, 'lost_reply', null]);
});

test('the same seed gives a place the same faults, whatever the other places do', () => {
  const sequence = (spec: string, others: number): (FaultKind | null)[] => {
    const injector = new FaultInjector(parseFaults(spec));
    return Array.from({ length: 200 }, () => {
      for (let i = 0; i < others; i += 1) injector.next('kinesis.PutRecords', DOOR);
      return injector.next('s3.PutObject', DOOR);
    });
  };
  expect(sequence('0.5,seed=3', 0)).toEqual(sequence('0.5,seed=3', 2));
  expect(sequence('0.5,seed=3', 0)).not.toEqual(sequence('0.5,seed=4', 0));
});

test('what was injected is counted by place and kind, and a rule that met no call is named', () => {
  const injector = new FaultInjector(parseFaults('s3:slow=1,lambda.silvr:killed=0.1,lambda.silver:killed#2,ssm=0'));
  for (let i = 0; i < 3; i += 1) injector.next('s3.PutObject', DOOR);
  injector.next('s3.GetObject', DOOR);
  injector.next('lambda.silver', ['killed']);
  injector.next('lambda.silver', ['killed']);
  expect(injector.injected()).toEqual([
    { place: 'lambda.silver', kind: 'killed', count: 1 },
    { place: 's3.GetObject', kind: 'slow', count: 1 },
    { place: 's3.PutObject', kind: 'slow', count: 3 },
  ]);
  expect(injector.calls()).toBe(6);
  expect(injector.unmet()).toEqual(['lambda.silvr:killed=0.1', 'ssm=0']);
});
