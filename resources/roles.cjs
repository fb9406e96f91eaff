// Roles: one for each function and each service that acts for the pipeline; each may do what it does, where it does it.
// Neither the stream's key (aws/kinesis) nor the parameters' (aws/ssm) needs a grant: AWS opens both to whom the service lets in.

const { account, allow, arn, own, role, sub, under } = require('./role.cjs');

const forScheduler = (...statements) =>
  role('scheduler.amazonaws.com', { StringEquals: { 'aws:SourceAccount': account } }, 'schedule', statements);
const forFirehose = (...statements) =>
  role('firehose.amazonaws.com', { StringEquals: { 'sts:ExternalId': account } }, 'deliver', statements);

/** What a delivery stream does with its part of the bucket. */
const deliver = (...prefixes) => [
  allow(['s3:PutObject', 's3:AbortMultipartUpload'], under(...prefixes)),
  // Actions on a bucket: AWS knows no prefix for them that a delivery stream would keep to.
  allow(['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], arn('LakeBucket')),
];

module.exports = async ({ resolveVariable }) => {
  const names = await resolveVariable('self:custom.names');
  const prefix = `${await resolveVariable('self:service')}-${await resolveVariable('sls:stage')}`;
  const forFunction = (name, ...statements) =>
    role('lambda.amazonaws.com', undefined, name, [
      // The streams of its log group are named by Lambda, so they can't be listed here.
      allow(['logs:CreateLogStream', 'logs:PutLogEvents'], own('logs', `log-group:/aws/lambda/${prefix}-${name}:*`)),
      ...statements,
    ]);
  const logsOf = (name) =>
    allow('logs:PutLogEvents', own('logs', `log-group:/aws/kinesisfirehose/${name}:log-stream:DestinationDelivery`));

  return {
    Resources: {
      SchedulerRole: forScheduler(allow('lambda:InvokeFunction', arn('PollLambdaFunction'))),
      PollRole: forFunction(
        'poll',
        allow('kinesis:PutRecords', arn('EventStream')),
        allow('firehose:PutRecordBatch', arn('QuarantineDeliveryStream')),
        allow(['dynamodb:GetItem', 'dynamodb:PutItem'], arn('PollTable')),
        allow('ssm:GetParameter', own('ssm', `parameter${names.seoulKey}`)),
      ),
      BronzeDeliveryRole: forFirehose(
        allow(
          ['kinesis:DescribeStream', 'kinesis:GetShardIterator', 'kinesis:GetRecords', 'kinesis:ListShards'],
          arn('EventStream'),
        ),
        // A delivery stream invokes the newest version by its name, or without one.
        allow(
          ['lambda:InvokeFunction', 'lambda:GetFunctionConfiguration'],
          [arn('BronzeLambdaFunction'), sub(`\${BronzeLambdaFunction.Arn}:$LATEST`)],
        ),
        allow(
          ['glue:GetTable', 'glue:GetTableVersion', 'glue:GetTableVersions'],
          [
            own('glue', 'catalog'),
            own('glue', `database/${names.databases.bronze}`),
            own('glue', `table/${names.databases.bronze}/events`),
          ],
        ),
        ...deliver('bronze', 'errors/bronze'),
        logsOf(names.bronze),
      ),
      BronzeRole: forFunction('bronze'),
      QuarantineDeliveryRole: forFirehose(...deliver('quarantine', 'errors/quarantine'), logsOf(names.quarantine)),
      SilverRole: forFunction(
        'silver',
        allow(
          [
            'kinesis:DescribeStream',
            'kinesis:DescribeStreamSummary',
            'kinesis:GetRecords',
            'kinesis:GetShardIterator',
            'kinesis:ListShards',
          ],
          arn('EventStream'),
        ),
        allow(['s3:GetObject', 's3:PutObject'], under('log')),
        allow('s3:PutObject', under('aws/lambda')), // batches given up, which Lambda writes as this role
        // Without a condition on the prefix: the mapping's failure destination asks for the right to list the bucket.
        allow('s3:ListBucket', arn('LakeBucket')),
        allow(['dynamodb:GetItem', 'dynamodb:PutItem'], arn('CheckpointTable')),
      ),
      // Who brings data back (docs/runbooks): a person's session, so the account itself is trusted, and its own policies say who may assume it.
      OperatorRole: role({ AWS: sub('arn:${AWS::Partition}:iam::${AWS::AccountId}:root') }, undefined, 'bring-back', [
        allow(
          [
            'kinesis:DescribeStreamSummary',
            'kinesis:GetRecords',
            'kinesis:GetShardIterator',
            'kinesis:ListShards',
            'kinesis:PutRecords',
          ],
          arn('EventStream'),
        ),
        // Without a condition on the prefix: commands look into most of them.
        allow('s3:ListBucket', arn('LakeBucket')),
        allow('s3:GetObject', under('aws/lambda', 'errors/bronze', 'quarantine', 'log', 'config')),
        // relane begins chains of the log; that a name is created once, the bucket's policy sees to.
        allow('s3:PutObject', under('log', 'dirty')),
        allow('s3:PutObjectTagging', under('log')), // expire: what may go by the lake's life cycle
        allow('s3:GetObject', sub('${LakeBucket.Arn}/runs/manifest.json')), // what is settled
        allow(['s3:GetObject', 's3:PutObject'], under('bronze/events', 'recovered', 'reloads')),
        allow(['dynamodb:GetItem', 'dynamodb:PutItem'], arn('CheckpointTable')),
      ]),
    },
  };
};
