import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Packaged, packageService } from './package-service.ts';

/** Everything on, so that nothing is left out of the comparison. */
const parameters = {
  plan: fileURLToPath(new URL('fixtures/plan.json', import.meta.url)),
  suffix: '-123456789012',
  gold: 'on',
};
let dev: Packaged;
let prod: Packaged;
beforeAll(() => {
  dev = packageService('dev', parameters);
  prod = packageService('prod', parameters);
}, 120_000);
afterAll(() => {
  dev?.remove();
  prod?.remove();
});

/** Every text in a value, with the place where it stands; keys too, at a place that ends in #. */
function texts(value: unknown, place = ''): [string, string][] {
  if (typeof value === 'string') return [[place, value]];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, v]) => [
    [`${place}#`, key] as [string, string],
    ...texts(v, `${place}/${key}`),
  ]);
}
/** The physical names of a template: properties that are called a name. */
const namesOf = ({ resources }: Packaged) =>
  Object.entries(resources).flatMap(([id, { Type, Properties }]) =>
    texts(Properties ?? {})
      .filter(([place]) => /^\/(\w*Name|Name|DatabaseInput\/Name|AlarmName|BucketName)$/.test(place))
      .filter(([place]) => !GIVEN_BY_AWS.has(`${Type}${place}`))
      .map(([, name]) => `${Type} ${name} (${id})`),
  );
/** Names that are the same in every account. */
const GIVEN_BY_AWS = new Set(['AWS::CloudWatch::Alarm/MetricName', 'AWS::Logs::LogStream/LogStreamName']);

describe('two stages in one account', () => {
  it('have no physical name in common', () => {
    const [ofDev, ofProd] = [namesOf(dev), namesOf(prod)];
    expect(ofDev.length).toBeGreaterThan(15);
    expect(ofDev.filter((name) => ofProd.includes(name))).toEqual([]);
  });

  it.each([
    ['dev', 'prod'],
    ['prod', 'dev'],
  ])('nothing of %s, a role above all, names anything of %s', (own, other) => {
    const { resources, outputs } = own === 'dev' ? dev : prod;
    const foreign = new RegExp(`bikelake[-_/]${other}\\b|bikelake[-_/]${other}_`);
    const found = texts({ resources, outputs }).filter(([, text]) => foreign.test(text));
    expect(found).toEqual([]);
  });

  it('grant nothing by a pattern that the other stage would match', () => {
    const arns = [dev, prod].flatMap(({ resources }) =>
      Object.entries(resources)
        .filter(([, { Type }]) => Type === 'AWS::IAM::Role')
        .flatMap(([id, { Properties }]) =>
          texts(Properties.Policies)
            .map(([, text]) => text)
            .filter((text) => /^arn:.*\*/.test(text))
            .map((text) => `${id} ${text}`),
        ),
    );
    expect(arns.length).toBeGreaterThan(3);
    // A wildcard comes after a name that has the stage in it, or after a reference to a resource of the stack.
    const own = /(bikelake[-_/](dev|prod)(?![a-z0-9])|\$\{\w+\.\w+\}).*\*/;
    // Log groups are listed, and AWS lets nobody list by name.
    const lists = /:logs:\$\{AWS::Region\}:\$\{AWS::AccountId\}:\*$/;
    expect(arns.filter((arn) => !own.test(arn) && !lists.test(arn))).toEqual([]);
  });
});
