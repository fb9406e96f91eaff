// Poll: a schedule for each group of the plan, and the state of the groups.
const { readPlan } = require('./plan.cjs');
const { schedulesOf } = require('./schedules.cjs');

module.exports = async ({ resolveVariable }) => {
  const plan = readPlan(await resolveVariable('param:plan'));
  const service = await resolveVariable('self:service');
  const stage = await resolveVariable('sls:stage');
  return {
    Resources: {
      // A cache of validators, discovered URLs and breakers: losing it costs full fetches, never a row.
      PollTable: {
        Type: 'AWS::DynamoDB::Table',
        DeletionPolicy: 'Delete',
        UpdateReplacePolicy: 'Delete',
        Properties: {
          TableName: await resolveVariable('self:custom.names.polls'),
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [{ AttributeName: 'group_id', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'group_id', KeyType: 'HASH' }],
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          SSESpecification: { SSEEnabled: false }, // encrypted with the key that DynamoDB owns
        },
      },
      // Created last: a delivery stream starts at the newest record, so what is sent before it listens would not be in Bronze.
      ...schedulesOf(plan, {
        prefix: `${service}-${stage}-poll`,
        functionArn: { 'Fn::GetAtt': ['PollLambdaFunction', 'Arn'] },
        roleArn: { 'Fn::GetAtt': ['SchedulerRole', 'Arn'] },
        after: ['BronzeDeliveryStream', 'QuarantineDeliveryStream', 'SilverMapping', 'PollLambdaEvConf'],
      }),
    },
  };
};
