/** The only file that reads the environment: each name once, with what it is for. A missing name fails by name, when it is first asked for. */
function required(name: string): string {
  const value = process.env[name];
  if (!value)
    throw new Error(
      `environment variable ${name} is not set: serverless.yml sets it for each function that needs it, and Lambda its own`,
    );
  return value;
}

function list(name: string): string[] {
  return (process.env[name] ?? '')
    .split(',')
    .map((s) => s.trim())
    .filter(Boolean);
}

export const config = {
  /** Credentials of the function's role, which Lambda sets. */
  awsCredentials: () => ({
    accessKeyId: required('AWS_ACCESS_KEY_ID'),
    secretAccessKey: required('AWS_SECRET_ACCESS_KEY'),
    ...(process.env.AWS_SESSION_TOKEN && { sessionToken: process.env.AWS_SESSION_TOKEN }),
  }),
  /** Kinesis stream that polls write to. */
  streamName: () => required('STREAM_NAME'),
  /** Firehose delivery stream of rejected input. */
  quarantineName: () => required('QUARANTINE_NAME'),
  /** Lake bucket. */
  bucketName: () => required('BUCKET_NAME'),
  /** DynamoDB table of lane checkpoints. */
  checkpointTable: () => required('CHECKPOINT_TABLE'),
  /** DynamoDB table of poll group state: validators, discovered URLs, breakers. */
  pollTable: () => required('POLL_TABLE'),
  /** Name of the SSM SecureString that holds the Seoul open data key. */
  seoulKeyParameter: () => required('SEOUL_KEY_PARAMETER'),
  /** Namespace of our own metrics in CloudWatch. */
  metricsNamespace: () => required('METRICS_NAMESPACE'),
  /** `host:port` of feeds inside a private network that may be polled although their address is not public. */
  feedAllowedHosts: () => list('FEED_ALLOWED_HOSTS'),
  /** How a poll names itself to the operators, with a way to reach who runs it. */
  userAgent: () => process.env.FEED_USER_AGENT || 'bikelake/0.1',
} as const;
