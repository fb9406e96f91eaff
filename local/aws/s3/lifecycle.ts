/** Life cycle rules of a bucket, as far as they expire objects: by prefix, tags and age. */
import type { Clock } from '../../clock.ts';
import type { S3Store } from './store.ts';

export interface ExpiryRule {
  readonly prefix: string;
  /** Tags that an object must have, all of them. */
  readonly tags: Readonly<Record<string, string>>;
  readonly days: number;
}

export interface BucketSettings {
  readonly name: string;
  readonly expiry: readonly ExpiryRule[];
}

// biome-ignore lint/suspicious/noExplicitAny: a template, whose shape CloudFormation checks
type Value = Record<string, any>;

const DAY_MS = 86_400_000;

/** The rules of `AWS::S3::Bucket` that are enabled and expire current objects. Classes of storage and old versions are not kept here. */
export function toExpiryRules(properties: Value): ExpiryRule[] {
  const rules = (properties.LifecycleConfiguration?.Rules ?? []) as Value[];
  return rules
    .filter(({ Status, ExpirationInDays }) => Status === 'Enabled' && ExpirationInDays !== undefined)
    .map(({ Prefix, TagFilters, ExpirationInDays }) => ({
      prefix: String(Prefix ?? ''),
      tags: Object.fromEntries(((TagFilters ?? []) as Value[]).map(({ Key, Value: value }) => [Key, value])),
      days: Number(ExpirationInDays),
    }));
}

/** As S3: age in whole days, rounded up to the next midnight UTC. */
export const expiresAt = (created_ms: number, days: number): number =>
  Math.ceil((created_ms + days * DAY_MS) / DAY_MS) * DAY_MS;

/** Removes what has expired by now; answers with the keys. Not bound by a bucket's policy, as S3's own. */
export async function expireObjects(
  store: S3Store,
  { name, expiry }: BucketSettings,
  now_ms: number,
): Promise<string[]> {
  const expired = new Set<string>();
  for (const { prefix, tags, days } of expiry) {
    for (const { key, modified_ms } of await store.list(name, prefix)) {
      if (expiresAt(modified_ms, days) > now_ms || expired.has(key)) continue;
      const own = Object.keys(tags).length === 0 ? {} : ((await store.head(name, key))?.metadata.tags ?? {});
      if (Object.entries(tags).some(([tag, value]) => own[tag] !== value)) continue;
      await store.delete(name, key);
      expired.add(key);
    }
  }
  return [...expired];
}

/** Removes what has expired now, and then at each midnight of the clock. Answers with what ends it. */
export async function keepExpiring(
  store: S3Store,
  buckets: readonly BucketSettings[],
  clock: Clock,
): Promise<() => Promise<void>> {
  const ending = new AbortController();
  const once = async (): Promise<void> => {
    for (const bucket of buckets) await expireObjects(store, bucket, clock.now());
  };
  await once();
  const running = (async () => {
    for (;;) {
      await clock.sleep(DAY_MS - (clock.now() % DAY_MS), ending.signal);
      if (ending.signal.aborted) return;
      await once();
    }
  })();
  return async () => {
    ending.abort();
    await running;
  };
}
