import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Value } from '../../local/template/resolve.ts';
import { compare, leavesOf } from '../../rehearse/compare.ts';

const BUCKET = {
  BucketName: 'lake',
  VersioningConfiguration: { Status: 'Enabled' },
  OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
};

describe('what a server shows is compared with the template', () => {
  test('alike: nothing is found, and what the server adds is no difference', () => {
    expect(compare('AWS::S3::Bucket', 'Lake', BUCKET, { ...BUCKET, Region: 'eu' })).toEqual([]);
  });

  test('a changed property is found, with its way and both values', () => {
    const actual = { ...BUCKET, OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] } };
    expect(compare('AWS::S3::Bucket', 'Lake', BUCKET, actual)).toEqual([
      {
        type: 'AWS::S3::Bucket',
        id: 'Lake',
        property: 'OwnershipControls.Rules.0.ObjectOwnership',
        expected: 'BucketOwnerEnforced',
        actual: 'ObjectWriter',
      },
    ]);
  });

  test('a property that is not shown is found', () => {
    const { VersioningConfiguration: _, ...actual } = BUCKET;
    const [found, ...others] = compare('AWS::S3::Bucket', 'Lake', BUCKET, actual);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ property: 'VersioningConfiguration.Status', expected: 'Enabled' });
    expect(found?.actual).toBeUndefined();
  });

  test('a resource that is not there differs in all its properties', () => {
    expect(compare('AWS::S3::Bucket', 'Lake', BUCKET, undefined).map(({ property }) => property)).toEqual([
      'BucketName',
      'VersioningConfiguration.Status',
      'OwnershipControls.Rules.0.ObjectOwnership',
    ]);
  });

  test('numbers and truth values may be written as texts', () => {
    expect(compare('T', 'I', { A: '5', B: true, C: 0.2 }, { A: 5, B: 'true', C: '0.2' })).toEqual([]);
    expect(compare('T', 'I', { A: '5', B: true }, { A: 6, B: 'false' })).toHaveLength(2);
  });

  test('an empty list or map must be shown as one', () => {
    expect(compare('T', 'I', { A: [], B: {} }, { A: [], B: {} })).toEqual([]);
    expect(compare('T', 'I', { A: [], B: {} }, { A: ['x'] })).toHaveLength(2);
  });

  test('a name with a dot is one step', () => {
    const Parameters = { 'projection.enabled': 'true' };
    expect(compare('T', 'I', { Parameters }, { Parameters })).toEqual([]);
    expect(compare('T', 'I', { Parameters }, { Parameters: { projection: { enabled: 'true' } } })).toHaveLength(1);
  });
});

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ minLength: 1 }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

test('nothing differs from itself; each leaf that is changed is found, and no other', () => {
  fc.assert(
    fc.property(value, fc.nat(), (expected, pick) => {
      expect(compare('T', 'I', expected, expected)).toEqual([]);
      const leaves = leavesOf(expected);
      const leaf = leaves[pick % leaves.length];
      if (leaf === undefined) return;
      const changed = structuredClone({ root: expected });
      let here: Record<string, Value> = changed;
      const way = ['root', ...leaf.path];
      for (const step of way.slice(0, -1)) here = here[step] as Record<string, Value>;
      here[way.at(-1) ?? ''] = `${JSON.stringify(leaf.value)} changed`;
      expect(compare('T', 'I', expected, changed.root).map(({ property }) => property)).toEqual([leaf.path.join('.')]);
    }),
    { seed: 5, numRuns: 500 },
  );
});
