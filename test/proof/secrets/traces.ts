import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { startDynamoDb } from '../../../local/aws/dynamodb/server.ts';
import { KinesisStore } from '../../../local/aws/kinesis/store.ts';
import { VirtualClock } from '../../../local/clock.ts';
import type { Trace } from './search.ts';

/** What a run left in its state folder: every file (lake, logs, packages, positions), every record of its streams, every item of its tables. */
export async function tracesOf(dir: string, tables: readonly string[]): Promise<Trace[]> {
  return [...filesIn(dir), ...(await recordsIn(dir)), ...(await itemsIn(dir, tables))];
}

function filesIn(dir: string): Trace[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.compiled')) // V8's cache of the code beside it
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ name: relative(dir, file), bytes: readFileSync(file) }));
}

async function recordsIn(dir: string): Promise<Trace[]> {
  const store = await KinesisStore.open(dir, new VirtualClock(0, 0));
  const traces: Trace[] = [];
  for (const stream of store.streamNames()) {
    for (const shard of store.shardIds(stream)) {
      const records = await store.read(stream, shard, 'TRIM_HORIZON', { records: 1e6, bytes: 1e9 });
      for (const { partition_key, sequence_number, data } of records) {
        traces.push({ name: `record ${partition_key} ${sequence_number}`, bytes: data });
      }
    }
  }
  await store.close();
  return traces;
}

async function itemsIn(dir: string, tables: readonly string[]): Promise<Trace[]> {
  const dynamodb = await startDynamoDb(dir);
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const client = new DynamoDBClient({ endpoint: dynamodb.url, region: 'us-east-1', credentials });
  const traces: Trace[] = [];
  for (const TableName of tables) {
    const { Items = [] } = await client.send(new ScanCommand({ TableName }));
    for (const item of Items) {
      for (const [name, { B, ...text }] of Object.entries(item)) {
        traces.push({
          name: `item ${TableName} ${name}`,
          bytes: B ? Buffer.from(B) : Buffer.from(JSON.stringify(text)),
        });
      }
    }
  }
  client.destroy();
  await dynamodb.close();
  return traces;
}
