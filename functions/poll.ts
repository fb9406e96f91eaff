import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { config } from '../lib/config.ts';
import { awsPorts } from '../lib/poll/aws-ports.ts';
import type { PollInput } from '../lib/poll/plan.ts';
import { pollGroup } from '../lib/poll/poll-group.ts';
import { sendMetrics } from '../lib/watch/send.ts';

const ports = { ...awsPorts(config), measured: sendMetrics('poll', config.metricsNamespace) };

/** A group at a slot, from its schedule → chunks, quarantine, receipts. Answers with the receipts, which lie in the stream too. */
export const handler = middy(async (input: PollInput, context: Context) => ({
  receipts: await pollGroup(input, { ...ports, remaining_ms: () => context.getRemainingTimeInMillis() }),
}));
