import { paginateListWorkGroups } from '@aws-sdk/client-athena';
import { paginateDescribeStacks } from '@aws-sdk/client-cloudformation';
import { paginateDescribeAlarms, paginateListDashboards } from '@aws-sdk/client-cloudwatch';
import { paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import { paginateListTables } from '@aws-sdk/client-dynamodb';
import { ListDeliveryStreamsCommand } from '@aws-sdk/client-firehose';
import { paginateGetDatabases, paginateGetTables } from '@aws-sdk/client-glue';
import { paginateListRoles } from '@aws-sdk/client-iam';
import { paginateListStreams } from '@aws-sdk/client-kinesis';
import { paginateListEventSourceMappings, paginateListFunctions } from '@aws-sdk/client-lambda';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { paginateListSchedules } from '@aws-sdk/client-scheduler';
import { paginateListStateMachines } from '@aws-sdk/client-sfn';
import { paginateListSubscriptions, paginateListTopics } from '@aws-sdk/client-sns';
import type { Clients } from './clients.ts';

type Lister = (clients: Clients) => Promise<(string | undefined)[]>;

/** Everything that the stack makes and that costs, works or stands in the way of a second deploy, by kind. */
const LISTERS: Readonly<Record<string, Lister>> = {
  stack: async (c) =>
    (await pages(paginateDescribeStacks({ client: c.cloudformation }, {}), (p) => p.Stacks))
      .filter((stack) => stack.StackStatus !== 'DELETE_COMPLETE')
      .map((stack) => stack.StackName),
  bucket: async (c) => ((await c.s3.send(new ListBucketsCommand({}))).Buckets ?? []).map((bucket) => bucket.Name),
  table: async (c) => pages(paginateListTables({ client: c.dynamodb }, {}), (p) => p.TableNames),
  role: async (c) => (await pages(paginateListRoles({ client: c.iam }, {}), (p) => p.Roles)).map((r) => r.RoleName),
  function: async (c) =>
    (await pages(paginateListFunctions({ client: c.lambda }, {}), (p) => p.Functions)).map((f) => f.FunctionName),
  mapping: async (c) =>
    (await pages(paginateListEventSourceMappings({ client: c.lambda }, {}), (p) => p.EventSourceMappings)).map(
      (mapping) => mapping.UUID,
    ),
  stream: async (c) => pages(paginateListStreams({ client: c.kinesis }, {}), (p) => p.StreamNames),
  'delivery stream': async (c) =>
    (await c.firehose.send(new ListDeliveryStreamsCommand({ Limit: 100 }))).DeliveryStreamNames ?? [],
  database: async (c) => (await databases(c)).map((name) => name),
  'catalog table': async (c) => {
    const tables = (await databases(c)).map(async (DatabaseName) =>
      (await pages(paginateGetTables({ client: c.glue }, { DatabaseName }), (p) => p.TableList)).map(
        (table) => `${DatabaseName}.${table.Name}`,
      ),
    );
    return (await Promise.all(tables)).flat();
  },
  schedule: async (c) =>
    (await pages(paginateListSchedules({ client: c.scheduler }, {}), (p) => p.Schedules)).map((s) => s.Name),
  'log group': async (c) =>
    (await pages(paginateDescribeLogGroups({ client: c.logs }, {}), (p) => p.logGroups)).map((g) => g.logGroupName),
  alarm: async (c) => {
    const types = { AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] as ('MetricAlarm' | 'CompositeAlarm')[] };
    const found = await pages(paginateDescribeAlarms({ client: c.cloudwatch }, types), (p) => [
      ...(p.MetricAlarms ?? []),
      ...(p.CompositeAlarms ?? []),
    ]);
    return found.map((alarm) => alarm.AlarmName);
  },
  dashboard: async (c) =>
    (await pages(paginateListDashboards({ client: c.cloudwatch }, {}), (p) => p.DashboardEntries)).map(
      (entry) => entry.DashboardName,
    ),
  topic: async (c) => (await pages(paginateListTopics({ client: c.sns }, {}), (p) => p.Topics)).map((t) => t.TopicArn),
  subscription: async (c) =>
    (await pages(paginateListSubscriptions({ client: c.sns }, {}), (p) => p.Subscriptions)).map((s) => s.Endpoint),
  'state machine': async (c) =>
    (await pages(paginateListStateMachines({ client: c.sfn }, {}), (p) => p.stateMachines)).map((m) => m.name),
  'work group': async (c) =>
    (await pages(paginateListWorkGroups({ client: c.athena }, {}), (p) => p.WorkGroups)).map((g) => g.Name),
};

/** What is in the account, as `kind name`, sorted. */
export async function inventory(clients: Clients): Promise<string[]> {
  const listed = Object.entries(LISTERS).map(async ([kind, list]) =>
    (await list(clients)).map((name) => `${kind} ${name ?? '(without a name)'}`),
  );
  return (await Promise.all(listed)).flat().sort();
}

const databases = async (c: Clients): Promise<string[]> =>
  (await pages(paginateGetDatabases({ client: c.glue }, {}), (p) => p.DatabaseList)).map((d) => d.Name ?? '');

async function pages<Page, Item>(
  from: AsyncIterable<Page>,
  itemsOf: (page: Page) => Item[] | undefined,
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of from) items.push(...(itemsOf(page) ?? []));
  return items;
}
