import { describe, expect, test } from 'vitest';
import type { Found } from '../../rehearse/compare.ts';
import { foundText, isKnown, judge, type KnownDifference } from '../../rehearse/judge.ts';

const found = (property: string, actual: Found['actual'], type = 'AWS::S3::Bucket'): Found => ({
  type,
  id: 'LakeBucket',
  property,
  expected: 'Enabled',
  actual,
});
const known = (property: string, shows: KnownDifference['shows']): KnownDifference => ({
  type: 'AWS::S3::Bucket',
  property,
  shows,
  why: 'it is dropped',
});

describe('what is known of a server', () => {
  test('is let through', () => {
    const verdict = judge(
      [found('VersioningConfiguration.Status', undefined)],
      [known('VersioningConfiguration.Status', null)],
    );
    expect(verdict).toEqual({ unknown: [], unseen: [] });
  });

  test('and does not occur is told', () => {
    const dropped = known('VersioningConfiguration.Status', null);
    expect(judge([], [dropped])).toEqual({ unknown: [], unseen: [dropped] });
  });

  test('is of one type, one property and one value', () => {
    const dropped = known('VersioningConfiguration.Status', null);
    const others = [
      found('VersioningConfiguration.Status', 'Suspended'),
      found('VersioningConfiguration', undefined),
      found('VersioningConfiguration.StatusX', undefined),
      found('VersioningConfiguration.Status', undefined, 'AWS::Kinesis::Stream'),
    ];
    expect(judge(others, [dropped])).toEqual({ unknown: others, unseen: [dropped] });
    expect(isKnown(known('ShardCount', '1'), found('ShardCount', 1))).toBe(true);
    expect(isKnown(known('ShardCount', '1'), found('ShardCount', 2))).toBe(false);
    expect(isKnown(known('ShardCount', '1'), found('ShardCount', undefined))).toBe(false);
    expect(isKnown(known('ShardCount', /^[12]$/), found('ShardCount', 2))).toBe(true);
  });

  test('a star is one step, two stars are all below', () => {
    expect(isKnown(known('Rules.*.Id', null), found('Rules.3.Id', undefined))).toBe(true);
    expect(isKnown(known('Rules.*.Id', null), found('Rules.3.Filter.Id', undefined))).toBe(false);
    expect(isKnown(known('Rules.**', null), found('Rules.3.Filter.Id', undefined))).toBe(true);
    expect(isKnown(known('Rules.**', null), found('Rules', undefined))).toBe(false);
    expect(isKnown(known('Parameters.a+b', null), found('Parameters.a+b', undefined))).toBe(true);
  });
});

test('a person reads what is where', () => {
  expect(foundText(found('VersioningConfiguration.Status', undefined))).toBe(
    'AWS::S3::Bucket LakeBucket: VersioningConfiguration.Status is "Enabled" in the template, and the server shows nothing',
  );
});
