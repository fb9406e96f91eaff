/** The embedded DynamoDB, through the SDK's client with its default settings. */

import { fileURLToPath } from 'node:url';
import {
  ConditionalCheckFailedException,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DynamoDb, startDynamoDb, type TableProperties } from '../../../local/aws/dynamodb/server.ts';
import { credentials, region, runAndKill, stateFolder } from './state.ts';

const TableName = 'bikelake-dev-checkpoints';
const properties: TableProperties = {
  TableName,
  AttributeDefinitions: [{ AttributeName: 'lane', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'lane', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
};
const project = fileURLToPath(new URL('../../../', import.meta.url));

let dir: string;
let embedded: DynamoDb;
let client: DynamoDBClient;

async function start() {
  embedded = await startDynamoDb(dir);
  client = new DynamoDBClient({ endpoint: embedded.url, region, credentials });
}

async function stop() {
  client.destroy();
  await embedded.close();
}

beforeEach(async () => {
  dir = stateFolder();
  await start();
  await embedded.createTable(properties);
});
afterEach(stop);

/** A checkpoint is written unless a newer one is there. */
const checkpoint = (version: number) =>
  client.send(
    new PutItemCommand({
      TableName,
      Item: { lane: { S: 'seoul-1' }, version: { N: String(version) } },
      ConditionExpression: 'attribute_not_exists(lane) OR version < :version',
      ExpressionAttributeValues: { ':version': { N: String(version) } },
    }),
  );
const versionOf = async () =>
  (await client.send(new GetItemCommand({ TableName, Key: { lane: { S: 'seoul-1' } }, ConsistentRead: true }))).Item
    ?.version?.N;

test('a table is active at once', async () => {
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  expect(Table).toMatchObject({ TableStatus: 'ACTIVE', BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' } });
});

test('an older checkpoint does not replace a newer one', async () => {
  await checkpoint(7);
  await expect(checkpoint(6)).rejects.toThrow(ConditionalCheckFailedException);
  await checkpoint(8);
  expect(await versionOf()).toBe('8');
});

test('of twenty writers of one version exactly one succeeds', async () => {
  const writes = await Promise.allSettled(Array.from({ length: 20 }, () => checkpoint(1)));
  expect(writes.filter((w) => w.status === 'fulfilled')).toHaveLength(1);
});

test('a table that is not there is ResourceNotFoundException', async () => {
  await expect(client.send(new GetItemCommand({ TableName: 'none', Key: { lane: { S: 'x' } } }))).rejects.toThrow(
    ResourceNotFoundException,
  );
});

test('making a table again, and a restart, keep its items', async () => {
  await checkpoint(7);
  await embedded.createTable(properties);
  await stop();
  await start();
  await embedded.createTable(properties);
  expect(await versionOf()).toBe('7');
});

test('what a put acknowledged outlives a killed process', async () => {
  await stop();
  await runAndKill(
    `import { startDynamoDb } from './local/aws/dynamodb/server.ts';
     import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
     const embedded = await startDynamoDb(${JSON.stringify(dir)});
     const client = new DynamoDBClient({ endpoint: embedded.url, region: '${region}', credentials: ${JSON.stringify(credentials)} });
     for (let i = 1; i <= 50; i++)
       await client.send(new PutItemCommand({ TableName: '${TableName}', Item: { lane: { S: 'seoul-1' }, version: { N: String(i) } } }));
     console.log('ready');`,
    project,
  );
  await start();
  expect(await versionOf()).toBe('50');
});

test('closing waits for requests in flight', async () => {
  const writes = Array.from({ length: 20 }, (_, i) => checkpoint(i + 1).catch(() => undefined));
  await Promise.all([stop(), ...writes]);
  await start();
});

test('a table that a killed process had begun to make is finished', async () => {
  await stop();
  const other = { ...properties, TableName: 'bikelake-dev-other' };
  await runAndKill(
    `import dynalite from 'dynalite';
     import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
     const server = dynalite({ path: ${JSON.stringify(`${dir}/dynamodb`)}, createTableMs: 60_000 });
     await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
     const endpoint = 'http://127.0.0.1:' + server.address().port;
     const client = new DynamoDBClient({ endpoint, region: '${region}', credentials: ${JSON.stringify(credentials)} });
     await client.send(new CreateTableCommand(${JSON.stringify(other)}));
     console.log('ready');`,
    project,
  );
  await start();
  await embedded.createTable(other);
  const { Table } = await client.send(new DescribeTableCommand({ TableName: other.TableName }));
  expect(Table?.TableStatus).toBe('ACTIVE');
});
