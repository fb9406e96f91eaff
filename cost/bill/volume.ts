import { ASSUMPTIONS as A } from '../assumptions.ts';
import type { Settings } from '../measure/settings.ts';
import type { Units } from '../units.ts';
import { type Rate, rateOf } from './rates.ts';
import type { Scenario } from './scenario.ts';

/** What happens in a month: measured units, scaled to a scenario. */
export interface Volume {
  readonly slots: number;
  readonly events: number;
  readonly polls: number;
  readonly poll_gb_seconds: number;
  readonly egress_bytes: number;
  readonly poll_state_read_units: number;
  readonly poll_state_write_units: number;
  readonly shards: number;
  readonly stream_bytes: number;
  readonly stream_put_units: number;
  readonly bronze_billed_bytes: number;
  readonly quarantine_billed_bytes: number;
  readonly bronze_invocations: number;
  readonly bronze_gb_seconds: number;
  readonly bronze_bytes: number;
  readonly bronze_files: number;
  readonly bronze_put_requests: number;
  readonly silver_invocations: number;
  readonly silver_gb_seconds: number;
  readonly log_put_requests: number;
  readonly log_bytes: number;
  readonly checkpoint_write_units: number;
  readonly checkpoint_bytes: number;
  readonly settled_bytes: number;
  readonly gold_bytes: number;
  readonly settle_cpu_seconds: number;
  readonly console_bytes: number;
}

const GB_MB = 1024;
const DAYS = A.month_hours / 24;

export function volumeOf(units: Units, settings: Settings, scenario: Scenario): Volume {
  const { workloads } = units;
  const { lanes, groups, seoul_stations, stations } = scenario;
  const slots = (A.month_hours * 3600) / scenario.interval_s;
  const feeds = scenario.group_feeds.reduce((sum, n) => sum + n, 0) + (seoul_stations > 0 ? 1 : 0);
  const gbfs_stations = stations - seoul_stations;
  const sum = ({ base, part, event, seoul_event }: Rate, bases: number, parts: number): number =>
    base * bases + part * parts + event * gbfs_stations + seoul_event * seoul_stations;
  /** Of a slot: what grows with groups and feeds, and what with invocations and lanes. */
  const polled = (name: string): number => sum(rateOf(workloads, name, 'feeds'), groups, feeds);
  const logged = (name: string, bases = 0): number => sum(rateOf(workloads, name, 'lanes'), bases, lanes);

  const stream_bytes = polled('stream_bytes');
  const stream_records = polled('stream_records');
  const shards = settings.on_demand ? 0 : Math.max(settings.shards, shardsFor(stream_bytes, stream_records));
  const bronze_invocations = Math.max(shards, stream_bytes / settings.transform_buffer_bytes);
  const silver_invocations = Math.max(shards, stream_bytes / A.batch_bytes);
  const log_puts = lanes;

  const feed_requests = polled('feed_requests');
  const memory = (name: string): number => settings.memory_mb[name] ?? 0;
  const poll_cpu_ms = onLambda(polled('poll_cpu_ms') + feed_requests * A.tls_cpu_ms, memory('poll'));
  const poll_ms =
    durationOfPolls(scenario, poll_cpu_ms / groups, feed_requests / Math.max(1, feeds)) +
    groups * (2 * A.dynamodb_ms + 2 * A.kinesis_ms);
  const silver_cpu = logged('silver_cpu_ms', silver_invocations);
  const bronze_cpu = polled('bronze_cpu_ms');
  const month = (per_slot: number): number => per_slot * slots;
  const gbSeconds = (ms: number, name: string): number => (month(ms) / 1000) * (memory(name) / GB_MB);

  const bronze_bytes = month(polled('bronze_bytes'));
  const bronze_files =
    (A.month_hours * 3600) / settings.bronze_interval_s + bronze_bytes / settings.bronze_buffer_bytes;
  const checkpoint_units = logged('checkpoint_write_units');
  return {
    slots,
    events: month(stations),
    polls: month(groups),
    poll_gb_seconds: gbSeconds(poll_ms, 'poll'),
    egress_bytes: month(feed_requests * A.request_out_bytes),
    poll_state_read_units: month(polled('poll_state_read_units')),
    poll_state_write_units: month(polled('poll_state_write_units')),
    shards,
    stream_bytes: month(stream_bytes),
    stream_put_units: month(polled('stream_put_units')),
    bronze_billed_bytes: month(polled('bronze_billed_bytes')),
    quarantine_billed_bytes: month(polled('quarantine_billed_bytes')),
    bronze_invocations: month(bronze_invocations),
    bronze_gb_seconds: gbSeconds(onLambda(bronze_cpu, memory('bronze')), 'bronze'),
    bronze_bytes,
    bronze_files,
    bronze_put_requests: bronze_files * (1 + Math.ceil(bronze_bytes / bronze_files / A.multipart_bytes) + 1),
    silver_invocations: month(silver_invocations),
    silver_gb_seconds: gbSeconds(
      onLambda(silver_cpu, memory('silver')) + silver_invocations * (A.s3_put_ms + A.dynamodb_ms),
      'silver',
    ),
    log_put_requests: month(log_puts) + DAYS * lanes, // and a turn a day
    log_bytes: month(logged('log_bytes', silver_invocations)),
    checkpoint_write_units: month(checkpoint_units),
    checkpoint_bytes: checkpoint_units * CHECKPOINT_SLOTS * 1024,
    settled_bytes: month(polled('silver_bytes')),
    gold_bytes: month(polled('gold_bytes')),
    settle_cpu_seconds: month(polled('settle_cpu_ms')) / 1000,
    console_bytes: month(
      polled('poll_console_bytes') +
        polled('bronze_console_bytes') +
        logged('silver_console_bytes', silver_invocations),
    ),
  };
}

/** A lane's checkpoint is written every so many objects (functions/silver.ts). */
const CHECKPOINT_SLOTS = 16;

/** How many shards take a slot's records within the burst. */
const shardsFor = (bytes: number, records: number): number =>
  Math.max(
    1,
    Math.ceil(bytes / (A.burst_seconds * A.shard_bytes_per_second)),
    Math.ceil(records / (A.burst_seconds * A.shard_records_per_second)),
  );

/** How long processor time of a whole vCPU takes a function of so much memory. The work is on one thread, so more than one doesn't help. */
const onLambda = (cpu_ms: number, memory_mb: number): number =>
  cpu_ms * Math.max(1, A.lambda_mb_per_vcpu / Math.max(1, memory_mb));

/**
 * Milliseconds of the polls of a slot, over all groups. A group's requests go in rounds; while one round is waited for, the answers of
 * the one before are parsed, so of waiting and work the longer counts, and of the shorter one round's share.
 */
function durationOfPolls({ group_feeds, seoul_stations }: Scenario, cpu_ms: number, requests_per_feed: number): number {
  return group_feeds.reduce((sum, feeds) => {
    const rounds = Math.max(1, Math.ceil((feeds * requests_per_feed) / A.feeds_at_once));
    const waits_ms = feeds === 0 && seoul_stations > 0 ? A.seoul_page_ms : rounds * A.feed_ms;
    return sum + Math.max(waits_ms, cpu_ms) + Math.min(waits_ms, cpu_ms) / rounds;
  }, 0);
}
