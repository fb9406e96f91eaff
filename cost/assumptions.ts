/** What a bill depends on and no replay can measure: each with where it comes from. */
export const ASSUMPTIONS = {
  /** A month as AWS's own calculator has it. */
  month_hours: 730,
  /** Of which processors are given in proportion: at 1,769 MB a function has one whole vCPU (Lambda developer guide, "Memory"). */
  lambda_mb_per_vcpu: 1769,
  /** A request to a GBFS feed until its body is there: public feeds' median is 300 ms, p99 1,900 ms; between them, because the mean is billed. */
  feed_ms: 400,
  /** GBFS requests in flight in one invocation (lib/poll). */
  feeds_at_once: 8,
  /** A page of Seoul's host: 600 to 7,190 ms were measured; all pages are read at once. */
  seoul_page_ms: 2_000,
  /** Processor time of a new TLS connection, of a whole vCPU: 2.8 to 3.1 ms on the machine that measured, for one certificate; chains are longer. */
  tls_cpu_ms: 4,
  /** What a GET sends over a new TLS connection: 1,959 bytes measured (Node 24, hybrid key share), and the packets' headers. */
  request_out_bytes: 2_500,
  /** Calls to AWS, from inside the region. */
  dynamodb_ms: 6,
  kinesis_ms: 20,
  s3_put_ms: 60,
  /** A minute's records must go through within this part of it, because polls begin at full minutes. */
  burst_seconds: 10,
  /** What a shard takes a second (Kinesis developer guide, "Quotas and limits"). */
  shard_bytes_per_second: 1024 * 1024,
  shard_records_per_second: 1_000,
  /** Record data that fits into one invocation of the mapping, once it is base64: 6 MB. */
  batch_bytes: 4.5 * 1024 * 1024,
  /** Parts that a delivery stream uploads a file in, and the two requests around them. */
  multipart_bytes: 5 * 1024 * 1024,
  /** KMS: about every five minutes for the stream, and for each credential that writes or reads it (Kinesis developer guide, "Costs"): poll, mapping, delivery stream. */
  kms_credentials: 3,
  kms_per_hour: 12,
  /** Reads of a Parquet file by Spark or Athena: its footer, and the columns. */
  gets_per_file: 3,
  /** Spark's processor time against DuckDB's, which was measured for settle, audit and Gold of the same events. */
  spark_to_duckdb: 5,
  /** An EMR Serverless run before and after its work: starting workers and Spark, reading the catalogue, writing reports. */
  emr_overhead_seconds: 120,
  /** Athena queries of the gate and of the views in a daily run; none scans as much as the least that is billed. */
  athena_queries_per_day: 15,
  athena_query_mb: 10,
  /** Transitions of the state machine in a daily run that waits for its gate some times. */
  transitions_per_day: 32,
  /** `maintain` each week, before its end: metadata of fourteen tables, and few files to merge. A guess: it has not run on EMR. */
  maintain_seconds: 300,
  transitions_per_maintain: 15,
  /** What Spark writes into CloudWatch Logs in a run, bytes. */
  spark_log_bytes_per_run: 5 * 1024 * 1024,
  emails_per_month: 20,
  /** How many invocations of naive conditional puts are in flight at once. */
  naive_puts_at_once: 20,
} as const;
