// Where alarms go: a topic, and from it a person's mail and, where it is configured, a channel in Slack.
const { account, allow, own, role } = require('../role.cjs');

/** `settings`: see watch.cjs. */
function notifyResources({ service, stage, names, customerKey, alarmEmail, slackWorkspaceId, slackChannelId }) {
  const topic = { Ref: 'AlarmTopic' };
  const hasSlack = slackWorkspaceId !== '' && slackChannelId !== '';
  return {
    AlarmTopic: {
      Type: 'AWS::SNS::Topic',
      Properties: {
        TopicName: names.alarms,
        DisplayName: `${service} ${stage}`,
        // CloudWatch can't publish with the key aws/sns, whose policy nobody can change. The policy of a customer's key must let it (docs/watch.md).
        ...(customerKey !== '' && { KmsMasterKeyId: customerKey }),
      },
    },
    AlarmTopicPolicy: {
      Type: 'AWS::SNS::TopicPolicy',
      Properties: {
        Topics: [topic],
        PolicyDocument: {
          Version: '2012-10-17',
          // Gold's state machine publishes by its own role, which is of this account and needs no mention here.
          Statement: [
            {
              Sid: 'AlarmsOfThisStage',
              Effect: 'Allow',
              Principal: { Service: 'cloudwatch.amazonaws.com' },
              Action: 'sns:Publish',
              Resource: topic,
              Condition: {
                StringEquals: { 'aws:SourceAccount': account },
                ArnLike: { 'aws:SourceArn': own('cloudwatch', `alarm:${service}-${stage}-*`) },
              },
            },
            {
              Sid: 'BudgetsOfThisAccount',
              Effect: 'Allow',
              Principal: { Service: 'budgets.amazonaws.com' },
              Action: 'sns:Publish',
              Resource: topic,
              Condition: { StringEquals: { 'aws:SourceAccount': account } },
            },
            {
              Sid: 'OnlyByTls',
              Effect: 'Deny',
              Principal: '*',
              Action: 'sns:Publish',
              Resource: topic,
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            },
          ],
        },
      },
    },
    ...(alarmEmail !== '' && {
      AlarmEmail: {
        Type: 'AWS::SNS::Subscription',
        Properties: { TopicArn: topic, Protocol: 'email', Endpoint: alarmEmail },
      },
    }),
    ...(hasSlack && slackResources(names.alarms, { slackWorkspaceId, slackChannelId, topic })),
  };
}

function slackResources(name, { slackWorkspaceId, slackChannelId, topic }) {
  return {
    SlackRole: role('chatbot.amazonaws.com', undefined, 'show-alarms', [
      // To draw what an alarm saw. CloudWatch knows no resources for reading metrics.
      allow(['cloudwatch:DescribeAlarms', 'cloudwatch:GetMetricData', 'cloudwatch:GetMetricWidgetImage'], '*'),
    ]),
    SlackChannel: {
      Type: 'AWS::Chatbot::SlackChannelConfiguration',
      Properties: {
        ConfigurationName: name,
        SlackWorkspaceId: slackWorkspaceId,
        SlackChannelId: slackChannelId,
        IamRoleArn: { 'Fn::GetAtt': ['SlackRole', 'Arn'] },
        SnsTopicArns: [topic],
        // Without one, people in the channel may do all that AdministratorAccess may.
        GuardrailPolicies: [{ 'Fn::Sub': 'arn:${AWS::Partition}:iam::aws:policy/CloudWatchReadOnlyAccess' }],
        UserRoleRequired: false,
        LoggingLevel: 'ERROR',
      },
    },
  };
}

module.exports = { notifyResources };
