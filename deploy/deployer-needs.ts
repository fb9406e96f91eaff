import type { Policy } from './deployer.ts';

/** Actions of AWS's handlers, by type and operation (resources/judge/handlers.py). */
export type Handlers = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** What handlers name for properties that no template of ours has, and why it isn't granted. */
const NOT_NEEDED: readonly { readonly action: RegExp; readonly type?: RegExp; readonly why: string }[] = [
  { action: /^kms:/, why: 'without customerKey no key is ours; with it, the key policy lets the deployer use it' },
  {
    action: /^(ec2|ecr|elasticfilesystem|s3files|s3tables|sso|lakeformation):/,
    why: 'no VPC, image, file system, S3 table, single sign-on, Lake Formation',
  },
  {
    action: /^iam:(GetRole|PassRole)$/,
    type: /SNS|S3::Bucket$/,
    why: 'no role for replication or for delivery of messages',
  },
  { action: /^iam:PassRole$/, type: /Glue|Athena/, why: 'no connection, no workgroup of Spark with a role' },
  {
    action: /^iam:CreateServiceLinkedRole$/,
    type: /Athena|DynamoDB/,
    why: 'no workgroup of Spark, no scaling or replica of a table',
  },
  { action: /^iam:(Put|Delete)RolePermissionsBoundary$/, why: 'roles have no boundary' },
  {
    action: /^s3:/,
    type: /Athena|Glue|StepFunctions|DynamoDB|Logs/,
    why: 'no definition, import or metadata in a bucket; the workgroup is not of Spark',
  },
  {
    action:
      /^s3:(Put|Get|Delete|Create|Update)\w*(Abac|Analytics|CORS|Inventory|Metrics|Notification|Replication|Website|Accelerate|ObjectAcl|BucketAcl|ObjectLock|Logging|IntelligentTiering|Metadata)\w*$/,
    type: /S3::Bucket$/,
    why: 'buckets have none of these',
  },
  {
    action: /^s3:DeleteBucket(Cors|Encryption|Lifecycle)$/,
    type: /S3::Bucket$/,
    why: 'no actions of IAM: AWS asks for the put of the same',
  },
  { action: /^s3:DeleteObject$/, type: /S3::Bucket$/, why: 'CloudFormation empties no bucket' },
  { action: /^kinesis:/, type: /DynamoDB/, why: 'tables stream nothing' },
  { action: /^logs:/, type: /DynamoDB/, why: 'nothing is imported' },
  {
    action: /^dynamodb:\w*(Import|Replica|Streaming|Item|Scan|Query|ContributorInsights|ResourcePolicy)\w*$/,
    why: 'no import, replica, stream, insights or policy of a table',
  },
  {
    action: /^kinesis:\w*(EnhancedMonitoring|MaxRecordSize|WarmThroughput|RecordDistribution)\w*$/,
    why: 'the stream says none of these',
  },
  {
    action: /^lambda:(Put|Delete|Get)\w*(Concurrency|CodeSigning|LayerVersion|RuntimeManagement|Recursion|Scaling)\w*$/,
    why: 'functions say none of these',
  },
  {
    action: /^lambda:(PassCapacityProvider|AssociateRuntimeAlias|PublishVersion)$/,
    why: 'no capacity provider; no versions',
  },
  { action: /^glue:(\w*Connection|GetSchemaVersion)$/, why: 'no connection, no schema registry' },
  {
    action:
      /^(firehose:TagDeliveryStream|logs:\w*(DataProtection|LogDelivery|ResourcePolicy|IndexPolicy|DeletionProtection|BearerToken)\w*)$/,
    type: /Logs/,
    why: 'log groups say none of these',
  },
  { action: /^logs:(Associate|Disassociate)KmsKey$/, why: 'without customerKey groups have no key' },
  { action: /^sns:PutDataProtectionPolicy$/, why: 'the topic has none' },
  { action: /^quicksight:(\w*(Folder\w*|Topic|Theme|Template\w*))$/, why: 'no folder, topic, theme or template' },
];

/**
 * What AWS's handlers need for these types and the policies don't grant: `type operation action`. A type whose handlers are unknown is one
 * line too.
 */
export function lackingActions(types: readonly string[], handlers: Handlers, policies: readonly Policy[]): string[] {
  const granted = new Set(policies.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action)));
  return types.flatMap((type) => {
    const operations = handlers[type];
    if (operations === undefined) return [`${type}: AWS publishes no handlers`];
    return Object.entries(operations).flatMap(([operation, actions]) =>
      actions
        .filter((action) => !granted.has(action))
        .filter((action) => !NOT_NEEDED.some((n) => n.action.test(action) && (n.type?.test(type) ?? true)))
        .map((action) => `${type} ${operation} ${action}`),
    );
  });
}
