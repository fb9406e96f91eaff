import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileOf, POLICIES, POLICY_LIMIT } from '../../deploy/deployer.ts';
import { type Handlers, lackingActions } from '../../deploy/deployer-needs.ts';
import { EVERYTHING } from '../../resources/everything.ts';
import { type Packaged, packageService } from '../resources/package-service.ts';

/**
 * What AWS's handlers need, as cfn-lint 1.58.0 has it (`npm run judge` asks it again). A new type: `.venv/judge-cfn-lint/bin/python
 * resources/judge/handlers.py TYPE… | python3 -m json.tool > test/deploy/fixtures/handlers.json`, with all types.
 */
const HANDLERS = JSON.parse(readFileSync(new URL('fixtures/handlers.json', import.meta.url), 'utf8')) as Handlers;
const policies = Object.values(POLICIES);
const statements = policies.flatMap(({ Statement }) => Statement);

let packaged: Packaged;
beforeAll(() => {
  packaged = packageService('prod', {
    plan: fileURLToPath(new URL('../resources/fixtures/plan.json', import.meta.url)),
    ...EVERYTHING,
  });
}, 60_000);
afterAll(() => packaged?.remove());
const types = () => [...new Set(Object.values(packaged.resources).map(({ Type }) => Type))].sort();

describe('who deploys', () => {
  it('may do what CloudFormation does in their name for each type of the template', () => {
    expect(types().length).toBeGreaterThan(12);
    expect(lackingActions(types(), HANDLERS, policies)).toEqual([]);
  });

  it('may hand roles to the services that the roles are for, and to no other', () => {
    const trusted = Object.values(packaged.resources)
      .filter(({ Type }) => Type === 'AWS::IAM::Role')
      .flatMap(({ Properties }) => Properties.AssumeRolePolicyDocument.Statement)
      .flatMap(({ Principal }: { Principal: { Service?: string } }) => Principal.Service ?? []);
    const passes = statements.filter(({ Action }) => Action.includes('iam:PassRole'));
    expect(passes).toHaveLength(1);
    const allowed = passes[0]?.Condition?.StringEquals?.['iam:PassedToService'] ?? [];
    expect(trusted.filter((service) => !allowed.includes(service))).toEqual([]);
    expect(passes[0]?.Resource).toEqual(['arn:aws:iam::*:role/bikelake-*']);
  });

  it('is granted actions by name, each once a statement', () => {
    const actions = statements.flatMap(({ Action }) => Action);
    expect(actions.filter((action) => !/^[a-z0-9-]+:[A-Za-z]+$/.test(action))).toEqual([]);
    const twice = statements.filter(({ Action }) => new Set(Action).size < Action.length).map(({ Sid }) => Sid);
    expect(twice).toEqual([]);
  });

  it('is granted names of this service; what AWS names by itself stands in this list', () => {
    const open = statements
      .filter(({ Resource }) => Resource.some((r) => !/bikelake[-_]\*/.test(r)))
      .map(({ Sid }) => Sid);
    expect(open).toEqual([
      'Any', // a template to validate, a caller to name
      'Mapping', // by its function
      'MappingRead', // by an id of AWS's
      'Catalog', // the catalogue beside the databases
      'LogLists', // lists
      'NewApplication', // by the tag it is given
      'Application', // by its tag
      'ApplicationTags', // by the tag it is given
      'RoleOfEmr', // AWS's own role
      'AlarmLists', // lists
      'Metrics', // metrics have no names in IAM
      'BudgetView', // the account's costs
      'Slack', // the account's
      'RoleOfSlack', // AWS's own role
    ]);
  });
});

describe('the files', () => {
  it.each(Object.keys(POLICIES))('deployer-%s.json is what deploy/deployer.ts writes', (name) => {
    expect(JSON.parse(readFileSync(fileOf(name), 'utf8')), 'run `node deploy/deployer.ts`').toEqual(POLICIES[name]);
  });

  it('are each as long as IAM takes, with statements of different names', () => {
    for (const policy of policies) {
      expect(JSON.stringify(policy).replaceAll(/\s/g, '').length).toBeLessThanOrEqual(POLICY_LIMIT);
      expect(new Set(policy.Statement.map(({ Sid }) => Sid)).size).toBe(policy.Statement.length);
    }
  });
});

describe('an action that is lacking', () => {
  it('is named with its type and operation', () => {
    const handlers = { 'AWS::X::Y': { create: ['x:Make', 's3:PutObject'], read: ['ec2:DescribeVpcs'] } };
    expect(lackingActions(['AWS::X::Y', 'AWS::X::Z'], handlers, policies)).toEqual([
      'AWS::X::Y create x:Make',
      'AWS::X::Z: AWS publishes no handlers',
    ]);
  });
});
