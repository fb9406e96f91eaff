// Stream: chunks, in order within a lane (the partition key).

module.exports = async ({ resolveVariable }) => {
  const mode = await resolveVariable('param:streamMode');
  if (mode !== 'provisioned' && mode !== 'on-demand') {
    throw new Error(`streamMode is ${JSON.stringify(mode)}: say provisioned or on-demand`);
  }
  return {
    Resources: {
      EventStream: {
        Type: 'AWS::Kinesis::Stream',
        DeletionPolicy: 'Delete',
        UpdateReplacePolicy: 'Retain', // what has not been read yet would be gone
        Properties: {
          Name: await resolveVariable('self:custom.names.stream'),
          ...(mode === 'on-demand'
            ? { StreamModeDetails: { StreamMode: 'ON_DEMAND' } }
            : {
                StreamModeDetails: { StreamMode: 'PROVISIONED' },
                ShardCount: Number(await resolveVariable('param:shardCount')),
              }),
          RetentionPeriodHours: Number(await resolveVariable('param:retentionHours')),
          StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
        },
      },
    },
    Outputs: { StreamName: { Description: 'Kinesis stream that polls write to', Value: { Ref: 'EventStream' } } },
  };
};
