import { DescribeAlarmsCommand, GetDashboardCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeLogGroupsCommand, DescribeLogStreamsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetTopicAttributesCommand, ListSubscriptionsByTopicCommand } from '@aws-sdk/client-sns';
import { textOf } from '../../local/template/text.ts';
import { answered, documentOf, type Reader } from './reader.ts';

export const LOG_GROUP: Reader = {
  read: async ({ logs }, { physical }) => {
    const answer = await answered(logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: physical })));
    const group = answer?.logGroups?.find((g) => g.logGroupName === physical);
    return (
      group && {
        LogGroupName: group.logGroupName,
        RetentionInDays: group.retentionInDays,
        KmsKeyId: group.kmsKeyId,
        LogGroupClass: group.logGroupClass,
      }
    );
  },
};

export const LOG_STREAM: Reader = {
  read: async ({ logs }, { properties }) => {
    const { LogGroupName, LogStreamName } = properties as { LogGroupName: string; LogStreamName: string };
    const answer = await answered(logs.send(new DescribeLogStreamsCommand({ logGroupName: LogGroupName })));
    const stream = answer?.logStreams?.find((s) => s.logStreamName === LogStreamName);
    return stream && { LogGroupName, LogStreamName: stream.logStreamName };
  },
};

export const ALARM: Reader = {
  read: async ({ cloudwatch }, { physical }) =>
    (
      await answered(
        cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: [physical], AlarmTypes: ['MetricAlarm'] })),
      )
    )?.MetricAlarms?.[0],
};

export const COMPOSITE_ALARM: Reader = {
  read: async ({ cloudwatch }, { physical }) =>
    (
      await answered(
        cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: [physical], AlarmTypes: ['CompositeAlarm'] })),
      )
    )?.CompositeAlarms?.[0],
};

export const DASHBOARD: Reader = {
  read: async ({ cloudwatch }, { properties }) => {
    const answer = await answered(
      cloudwatch.send(new GetDashboardCommand({ DashboardName: textOf(properties.DashboardName) })),
    );
    return answer && { DashboardName: answer.DashboardName, DashboardBody: documentOf(answer.DashboardBody) };
  },
  form: (properties) => ({ ...properties, DashboardBody: documentOf(textOf(properties.DashboardBody)) ?? null }),
};

export const TOPIC: Reader = {
  read: async ({ sns }, { physical: TopicArn }) => {
    const attributes = (await answered(sns.send(new GetTopicAttributesCommand({ TopicArn }))))?.Attributes;
    return (
      attributes && {
        TopicName: attributes.TopicArn?.split(':').at(-1),
        DisplayName: attributes.DisplayName,
        KmsMasterKeyId: attributes.KmsMasterKeyId,
      }
    );
  },
};

export const TOPIC_POLICY: Reader = {
  read: async ({ sns }, { properties }) => {
    const Topics = properties.Topics as string[];
    const answers = await Promise.all(
      Topics.map((TopicArn) => answered(sns.send(new GetTopicAttributesCommand({ TopicArn })))),
    );
    const [policy, ...others] = answers.map((answer) => answer?.Attributes?.Policy);
    const isSame = others.every((other) => other === policy);
    return policy === undefined ? undefined : { Topics: isSame ? Topics : [], PolicyDocument: documentOf(policy) };
  },
};

/** Until its owner confirms it, a subscription has no ARN of its own. */
export const SUBSCRIPTION: Reader = {
  read: async ({ sns }, { properties }) => {
    const { TopicArn, Protocol, Endpoint } = properties as Record<string, string>;
    const answer = await answered(sns.send(new ListSubscriptionsByTopicCommand({ TopicArn })));
    return answer?.Subscriptions?.find((s) => s.Protocol === Protocol && s.Endpoint === Endpoint);
  },
};
