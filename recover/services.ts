import { startDynamoDb, type TableProperties } from '../local/aws/dynamodb/server.ts';
import { startKinesis } from '../local/aws/kinesis/server.ts';
import { KinesisStore } from '../local/aws/kinesis/store.ts';
import { startS3 } from '../local/aws/s3/server.ts';
import { S3Store } from '../local/aws/s3/store.ts';
import type { VirtualClock } from '../local/clock.ts';
import { takeStateFolder } from '../local/state-folder.ts';
import { readTemplate } from '../local/template.ts';

/** What of the embedded AWS keeps data: stream, buckets and tables of a state folder on loopback, and nobody who works on them. */
export interface Services {
  /** `AWS_ENDPOINT_URL_<SERVICE>` → URL. */
  readonly endpoints: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** `template`: path of the compiled template. Throws FatalError where the folder is in use, or of another version. */
export async function startServices(template: string, dir: string, clock: VirtualClock): Promise<Services> {
  const closers: (() => unknown)[] = [takeStateFolder(dir)];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const stack = readTemplate(template);
    // A stream that the folder has is opened as it is: settings are the business of a run.
    const kinesis = await KinesisStore.open(dir, clock);
    closers.push(() => kinesis.close());
    for (const stream of stack.streams) if (!kinesis.has(stream.name)) await kinesis.createStream(stream);
    const s3 = await S3Store.open(dir, clock);
    for (const bucket of stack.buckets) await s3.createBucket(bucket);
    const dynamodb = await startDynamoDb(dir);
    closers.push(() => dynamodb.close());
    for (const table of stack.tables) await dynamodb.createTable(table as unknown as TableProperties);
    const stream_server = await startKinesis(kinesis, clock);
    closers.push(() => stream_server.close());
    const bucket_server = await startS3(s3);
    closers.push(() => bucket_server.close());
    const endpoints = {
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb.url,
      AWS_ENDPOINT_URL_KINESIS: stream_server.url,
      AWS_ENDPOINT_URL_S3: bucket_server.url,
    };
    return { endpoints, close };
  } catch (error) {
    await close();
    throw error;
  }
}
