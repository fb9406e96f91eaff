/**
 * The embedded DynamoDB: dynalite over LevelDB in `<dir>/dynamodb`. LevelDB appends to its log before it answers, so what was answered
 * outlives a killed process. Missing in dynalite: transactions, time to live, streams; it ignores ReturnValuesOnConditionCheckFailure.
 * It throws outside of any request when its store fails (another run has the folder open, the disk is full): the run that starts it must
 * hold the state folder alone, and name the cause when the process ends by it.
 */
import { mkdirSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceInUseException,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { FatalError } from '../../../lib/errors.ts';
import { type Faults, NO_FAULTS } from '../faults.ts';
import { type Endpoint, HOST } from '../http.ts';
import { REGION } from '../names.ts';
import { type Answer, ask, type Question } from './ask.ts';
import { dynamoDoor } from './door.ts';
import { History } from './history.ts';
import { finishTables } from './unfinished.ts';

/** The properties of an `AWS::DynamoDB::Table` that are honoured; others, such as TimeToLiveSpecification, are not. */
export type TableProperties = Pick<
  CreateTableCommandInput,
  'TableName' | 'AttributeDefinitions' | 'KeySchema' | 'BillingMode' | 'ProvisionedThroughput'
>;

export interface DynamoDb extends Endpoint {
  /** Idempotent: a table that exists is kept with its items. Resolves when the table is ACTIVE. */
  createTable(properties: TableProperties): Promise<void>;
}

/** Real time. */
const POLL_MS = 10;
const ACTIVE_MS = 5_000;

/** `dir`: the state folder. */
export async function startDynamoDb(dir: string, port = 0, faults: Faults = NO_FAULTS): Promise<DynamoDb> {
  const path = join(dir, 'dynamodb');
  mkdirSync(path, { recursive: true });
  await finishTables(path);
  const server = dynalite({ path, createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
  const history = new History();
  const [answer] = server.listeners('request');
  server.removeAllListeners('request');
  const asked = new Set<Promise<Answer>>();
  const put = (question: Question): Promise<Answer> => {
    const answered = ask(answer as RequestListener, question).finally(() => asked.delete(answered));
    asked.add(answered);
    return answered;
  };
  server.on('request', dynamoDoor(put, faults, history));
  await listen(server, port);
  const url = `http://${HOST}:${(server.address() as AddressInfo).port}`;
  const client = new DynamoDBClient({
    endpoint: url,
    region: REGION,
    credentials: { accessKeyId: 'embedded', secretAccessKey: 'embedded' },
    maxAttempts: 1,
  });
  return {
    url,
    createTable: (properties) => {
      history.defineTable(
        properties.TableName ?? '',
        (properties.KeySchema ?? []).map(({ AttributeName = '' }) => AttributeName),
      );
      return createTable(client, properties);
    },
    close: async () => {
      client.destroy();
      await Promise.all(asked); // also of clients that went away
      await close(server);
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
}

/** Lets requests in flight end first: dynalite ends the process when one finds its store closed. */
function close(server: Server): Promise<void> {
  const closing = setInterval(() => server.closeIdleConnections(), POLL_MS);
  return new Promise<void>((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
  }).finally(() => clearInterval(closing));
}

async function createTable(client: DynamoDBClient, properties: TableProperties): Promise<void> {
  const { TableName, AttributeDefinitions, KeySchema, BillingMode, ProvisionedThroughput } = properties;
  try {
    await client.send(
      new CreateTableCommand({ TableName, AttributeDefinitions, KeySchema, BillingMode, ProvisionedThroughput }),
    );
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  for (let waited_ms = 0; waited_ms < ACTIVE_MS; waited_ms += POLL_MS) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    if (Table?.TableStatus === 'ACTIVE') return;
    await pause(POLL_MS);
  }
  throw new FatalError(
    'local',
    'table_not_active',
    `table ${TableName} did not become ACTIVE in ${ACTIVE_MS} ms: start with another --dir`,
  );
}
