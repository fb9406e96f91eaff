# Stream: chunks, in order within a lane (the partition key).
Resources:
  EventStream:
    Type: AWS::Kinesis::Stream
    DeletionPolicy: Delete
    UpdateReplacePolicy: Retain # what has not been read yet would be gone
    Properties:
      Name: ${self:custom.names.stream}
      StreamModeDetails: { StreamMode: PROVISIONED }
      ShardCount: ${param:shardCount}
      RetentionPeriodHours: 48 # longer than a person needs to come to an alarm, and to back-fill a replaced delivery stream
      StreamEncryption: { EncryptionType: KMS, KeyId: alias/aws/kinesis }

Outputs:
  StreamName:
    Description: Kinesis stream that polls write to
    Value: !Ref EventStream
