import middy from '@middy/core';
import type { FirehoseTransformationEvent, FirehoseTransformationResult } from 'aws-lambda';
import { toSourceRecords } from '../lib/bronze/transform-event.ts';
import { unpackRecords } from '../lib/bronze/unpack.ts';

/** Firehose transform: chunks → rows of Bronze. */
export const handler = middy<FirehoseTransformationEvent, FirehoseTransformationResult>(
  async (event: FirehoseTransformationEvent) => {
    const { records, failed } = unpackRecords(toSourceRecords(event));
    for (const record of failed) console.warn({ message: 'left to the error prefix', ...record });
    return { records: [...records] };
  },
);
