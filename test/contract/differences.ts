import type { Difference } from './ports.ts';

/**
 * Where a server is known to be otherwise than the embedded AWS. What AWS documents decides, and stands at each: sizes and counts of puts
 * are those of the API references (Firehose, PutRecordBatch: 500 records, 1,000 KiB each before base64, 4 MiB together; Kinesis, PutRecordsRequestEntry:
 * data and partition key together 1 MiB where the stream isn't set to more), and prefixes those of Firehose's developer guide ("Custom prefixes for Amazon S3 objects").
 */
type Differences = Readonly<Record<string, Difference>>;

const TAKEN = /promise resolved "\[.*\]" instead of rejecting/;

/** moto's Firehose puts each call into an object of its own as it is: it knows neither limits, expressions in prefixes nor compression. */
export const MOTO: Differences = {
  'objects lie under the prefix, with the time of arrival written out': {
    shows: /expected 'quarantine\/dt=!\{timestamp:yyyy-MM-dd\}/,
    why: 'expressions in a prefix stay as they are',
  },
  'objects are gzip': {
    shows: /expected 'quarantine\/.* to be 'quarantine\//,
    why: 'CompressionFormat is passed over',
  },
  'a call takes 500 records; 501 are a FatalError': { shows: TAKEN, why: 'the number of records has no limit' },
  'a record of more than 1,000 KiB is a FatalError': { shows: TAKEN, why: 'the size of a record has no limit' },
  'a call of more than 4 MiB is a FatalError': { shows: TAKEN, why: 'the size of a call has no limit' },
};

/** ministack's Firehose delivers to S3 with prefixes, each record as an object of its own. */
export const MINISTACK: Differences = {
  'sequence numbers are numbers without leading zeros': {
    // API reference, SequenceNumber: 0|([1-9]\d{0,128})
    shows: /expected '0{7}\d{23}' to match/,
    why: 'they are filled up to 30 digits with zeros; their order is right',
  },
  'a record of more than 1 MiB, its key counted, is a FatalError': { shows: TAKEN, why: 'the key is not counted' },
  'objects are gzip': {
    shows: /expected 'quarantine\/.* to be 'quarantine\//,
    why: 'CompressionFormat is passed over',
  },
  'a record of more than 1,000 KiB is a FatalError': {
    shows: /resolved "\[ 'ServiceUnavailableException' \]" instead of rejecting/,
    why: 'the call succeeds and the record is answered as one that may be put again',
  },
  'a call of more than 4 MiB is a FatalError': { shows: TAKEN, why: 'the size of a call has no limit' },
};
