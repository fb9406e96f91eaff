'use strict';
// With `customerKey` everything that keeps data is encrypted with that key instead of AWS's: here by type, so that no stage's file has to
// know of it. Who may use the key follows from what a role may do. That the logs' service and the account may, the key's own policy must say.

/** What a type says to be encrypted with a key; applied to its properties. */
const ENCRYPTED = {
  'AWS::Kinesis::Stream': (p, key) => {
    p.StreamEncryption = { EncryptionType: 'KMS', KeyId: key };
  },
  'AWS::DynamoDB::Table': (p, key) => {
    p.SSESpecification = { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: key };
  },
  'AWS::Logs::LogGroup': (p, key) => {
    p.KmsKeyId = key;
  },
  'AWS::S3::Bucket': (p, key) => {
    // A bucket's key of its own for a while: one call of KMS instead of one an object.
    p.BucketEncryption = {
      ServerSideEncryptionConfiguration: [
        { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } },
      ],
    };
  },
  'AWS::KinesisFirehose::DeliveryStream': (p, key) => {
    p.ExtendedS3DestinationConfiguration.EncryptionConfiguration = { KMSEncryptionConfig: { AWSKMSKeyARN: key } };
    if (p.DeliveryStreamType === 'DirectPut') {
      p.DeliveryStreamEncryptionConfigurationInput = { KeyType: 'CUSTOMER_MANAGED_CMK', KeyARN: key };
    }
  },
  'AWS::Athena::WorkGroup': (p, key) => {
    const result = p.WorkGroupConfiguration?.ResultConfiguration;
    if (result) result.EncryptionConfiguration = { EncryptionOption: 'SSE_KMS', KmsKey: key };
  },
};

/** What stays with AWS's key: packages of code. */
const NOT_DATA = new Set(['ServerlessDeploymentBucket']);

const READ = ['kms:Decrypt'];
const WRITE = ['kms:GenerateDataKey'];
const TABLE = ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'];
/** What of KMS an action needs where the data is encrypted, and the service through which KMS is asked. */
const NEEDS = {
  'kinesis:PutRecords': ['kinesis', WRITE],
  'kinesis:GetRecords': ['kinesis', READ],
  's3:GetObject': ['s3', READ],
  's3:PutObject': ['s3', [...READ, ...WRITE]], // parts of a large object are read again
  'ssm:GetParameter': ['ssm', READ],
};
const needsOf = (action) => NEEDS[action] ?? (action.startsWith('dynamodb:') ? ['dynamodb', TABLE] : []);

/** Encrypts a compiled template's data with the key of that ARN, in place, and lets each role use it for what the role may do already. */
function useCustomerKey(template, key) {
  for (const [id, { Type, Properties }] of Object.entries(template.Resources)) {
    if (!NOT_DATA.has(id)) ENCRYPTED[Type]?.(Properties, key);
    if (Type !== 'AWS::IAM::Role') continue;
    const statements = (Properties.Policies ?? []).flatMap((policy) => policy.PolicyDocument.Statement);
    const grants = grantsOf(statements, key);
    if (grants.length > 0) {
      Properties.Policies.push({ PolicyName: 'key', PolicyDocument: { Version: '2012-10-17', Statement: grants } });
    }
  }
}

/** A statement for each service through which the role asks for the key. */
function grantsOf(statements, key) {
  const actions = new Map();
  for (const action of statements.flatMap((statement) => statement.Action)) {
    const [service, needed] = needsOf(action);
    if (service) actions.set(service, new Set([...(actions.get(service) ?? []), ...needed]));
  }
  return [...actions]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([service, needed]) => ({
      Effect: 'Allow',
      Action: [...needed].sort((a, b) => (a < b ? -1 : 1)),
      Resource: [key],
      Condition: { StringEquals: { 'kms:ViaService': { 'Fn::Sub': `${service}.\${AWS::Region}.amazonaws.com` } } },
    }));
}

const KEY_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/;

/** Throws for what is no ARN of a key: an alias can't be named in a grant. */
function checkKey(key) {
  if (KEY_ARN.test(key)) return key;
  throw new Error(
    `customerKey is ${JSON.stringify(key)}: give the ARN of a KMS key (arn:aws:kms:…:key/…), not an alias`,
  );
}

module.exports = { checkKey, useCustomerKey };
