import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { FirehoseClient } from '@aws-sdk/client-firehose';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { SSMClient } from '@aws-sdk/client-ssm';
import { ONE_ATTEMPT, within, within2 } from '../aws-requests.ts';
import { KinesisStream } from '../stream/kinesis-stream.ts';
import { DynamoStates } from './dynamo-states.ts';
import { httpGet } from './fetch/http.ts';
import { FirehoseQuarantine } from './firehose-quarantine.ts';
import type { PollPorts } from './poll-group.ts';
import { ssmSeoulKey } from './seoul-key.ts';

/** The settings that a poll has from its environment; `lib/config.ts` has them all. */
export interface PollSettings {
  userAgent(): string;
  feedAllowedHosts(): readonly string[];
  seoulKeyParameter(): string;
  pollTable(): string;
  streamName(): string;
  quarantineName(): string;
}

/** A put is tried again at least once in the seconds that are kept for the receipts. */
const PUT_MS = 1_500;
const READ_MS = 3_000;

/** What a poll works with on AWS, made once for each environment: connections and the Seoul key are kept. */
export function awsPorts(settings: PollSettings): Omit<PollPorts, 'remaining_ms'> {
  return {
    get: httpGet({ user_agent: settings.userAgent(), allowed_hosts: settings.feedAllowedHosts() }),
    timer: { now_ms: () => performance.now(), sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
    random: () => Math.random(),
    clock_ms: () => Date.now(),
    key: ssmSeoulKey(new SSMClient(within(READ_MS)), () => settings.seoulKeyParameter()),
    states: new DynamoStates(new DynamoDBClient(within(READ_MS)), settings.pollTable()),
    stream: new KinesisStream(new KinesisClient({ ...within2(PUT_MS), ...ONE_ATTEMPT }), settings.streamName()),
    quarantine: new FirehoseQuarantine(
      new FirehoseClient({ ...within(PUT_MS), ...ONE_ATTEMPT }),
      settings.quarantineName(),
    ),
    warn: (message, details) => console.warn({ message, ...details }),
  };
}
