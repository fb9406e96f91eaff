import { DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import { answered, type Reader } from './reader.ts';

export const STREAM: Reader = {
  read: async ({ kinesis }, { physical: StreamName }) => {
    const answer = await answered(kinesis.send(new DescribeStreamSummaryCommand({ StreamName })));
    const stream = answer?.StreamDescriptionSummary;
    return (
      stream && {
        Name: stream.StreamName,
        ShardCount: stream.OpenShardCount,
        RetentionPeriodHours: stream.RetentionPeriodHours,
        StreamModeDetails: stream.StreamModeDetails,
        StreamEncryption: stream.EncryptionType !== 'NONE' &&
          stream.EncryptionType && { EncryptionType: stream.EncryptionType, KeyId: stream.KeyId },
      }
    );
  },
};
