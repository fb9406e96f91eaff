import { COLUMNS } from '../lib/stream/columns.ts';
import { ParquetSink } from '../local/aws/firehose/parquet-sink.ts';

/** A file of Bronze as the embedded Firehose writes it. */
export function bronzeSink(file: string, compression: 'GZIP' | 'SNAPPY'): ParquetSink {
  const columns = { database: 'bench', name: 'events', columns: COLUMNS };
  const keys = Object.fromEntries(COLUMNS.map(({ name, key }) => [name, key]));
  return new ParquetSink(file, columns, {
    database: 'bench',
    table: 'events',
    case_insensitive: false,
    keys,
    compression,
  });
}
