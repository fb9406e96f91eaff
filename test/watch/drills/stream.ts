import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import type { Drill } from './drill.ts';
import type { Room } from './room.ts';

const ONE = { systems: ['sim_gbfs23'] };

/** Records that no poll sends. */
export async function putIntoStream(room: Room, ...records: readonly Buffer[]): Promise<void> {
  const client = new KinesisClient({ endpoint: room.cloud.endpoints.AWS_ENDPOINT_URL_KINESIS ?? '', ...ANYBODY });
  const Records = records.map((Data) => ({ PartitionKey: 'drill', Data }));
  await client.send(new PutRecordsCommand({ StreamName: room.cloud.names.stream, Records }));
  client.destroy();
}
export const ANYBODY = { region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };

export const STREAM: readonly Drill[] = [
  {
    alarm: 'stream-throttled',
    condition: 'the stream refuses puts, again and again, until a retry is taken',
    room: ONE,
    cause: async (room) => {
      await room.minutes(2);
      for (let minute = 0; minute < 5; minute += 1) {
        room.faults.once('kinesis.PutRecords', 'throttle');
        await room.minutes(1);
      }
    },
    within: 2,
  },
  {
    alarm: 'bronze-behind',
    condition: 'the delivery stream cannot write to the bucket',
    also: ['bronze-errors'], // it says so in its log
    room: { ...ONE, interval_s: 300 },
    cause: async (room) => room.blockPrefix('bronze'),
    within: 90,
  },
  {
    alarm: 'bronze-behind',
    condition: 'the delivery stream does not read the stream',
    room: {
      ...ONE,
      interval_s: 300,
      change: ({ BronzeDeliveryStream }, resources) => {
        resources.ElsewhereStream = { Type: 'AWS::Kinesis::Stream', Properties: { Name: 'elsewhere', ShardCount: 1 } };
        BronzeDeliveryStream.KinesisStreamSourceConfiguration.KinesisStreamARN = {
          'Fn::GetAtt': ['ElsewhereStream', 'Arn'],
        };
      },
    },
    cause: (room) => room.minutes(1),
    within: 60,
  },
  {
    alarm: 'bronze-errors',
    condition: 'records in the stream are no chunks, and the transform marks them as failed',
    room: ONE,
    cause: async (room) => {
      await room.minutes(2);
      await putIntoStream(room, Buffer.from('no chunk'));
    },
    within: 5,
  },
  {
    alarm: 'bronze-errors',
    condition: 'a delivery fails, for the first time',
    room: { ...ONE, interval_s: 300 },
    cause: async (room) => room.blockPrefix('bronze'),
    within: 30,
  },
  {
    alarm: 'bronze-errors',
    condition: 'rows do not fit the columns of the table',
    room: {
      ...ONE,
      change: ({ BronzeTable }) => {
        for (const column of BronzeTable.TableInput.StorageDescriptor.Columns)
          if (column.Name === 'system_id') column.Type = 'int';
      },
    },
    cause: (room) => room.minutes(1),
    within: 8,
  },
];
