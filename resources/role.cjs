// What a role is made of. Each stage's file in this folder names the roles of its own services with it.

const arn = (id) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const sub = (text) => ({ 'Fn::Sub': text });
const own = (service, resource) =>
  sub(`arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`);
const under = (...prefixes) => prefixes.map((prefix) => sub(`\${LakeBucket.Arn}/${prefix}/*`));
const allow = (Action, Resource) => ({ Effect: 'Allow', Action: [Action].flat(), Resource: [Resource].flat() });

function role(principal, Condition, policyName, Statement) {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: typeof principal === 'string' ? { Service: principal } : principal,
            Action: 'sts:AssumeRole',
            ...(Condition && { Condition }),
          },
        ],
      },
      Policies: [{ PolicyName: policyName, PolicyDocument: { Version: '2012-10-17', Statement } }],
    },
  };
}

/** This account, for conditions. */
const account = { Ref: 'AWS::AccountId' };

module.exports = { account, allow, arn, own, role, sub, under };
