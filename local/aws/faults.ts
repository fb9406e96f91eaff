/**
 * What the embedded AWS is told to do wrong. Each place where something can fail asks before it acts, and does itself what is answered:
 * so a place tells what can happen to it, and nothing else has to know how.
 */
export type FaultKind =
  /** A service refuses: too many requests. Nothing took effect. */
  | 'throttle'
  /** A put of many records takes some of them. */
  | 'partial'
  /** A service answers 500. Nothing took effect. */
  | 'error'
  /** No answer, and nothing took effect. */
  | 'timeout'
  /** It took effect, and the answer is lost. */
  | 'lost_reply'
  /** The connection ends before the request is read. Nothing took effect. */
  | 'reset'
  /** The answer comes late. */
  | 'slow'
  /** A read answers what was true before the last write. */
  | 'stale'
  /** An item that was written is gone. */
  | 'lost'
  /** An item has the content of an earlier write again, for good. */
  | 'restored'
  /** A function's invocation is ended at some moment, with its environment. */
  | 'killed'
  /** An invocation counts as failed, and goes on while it is tried again. */
  | 'twin'
  /** Another execution environment than the last gets the invocation. */
  | 'switch'
  /** A batch ends earlier than it would. */
  | 'rebatch'
  /** A batch whose function failed, or counts as failed, is divided. */
  | 'bisect'
  /** A batch is given up. */
  | 'give_up'
  /** Records are delivered again although they were done; a schedule fires twice. */
  | 'duplicate'
  /** A schedule fires late. */
  | 'late'
  /** An asynchronous invocation that succeeded is run again, minutes later. */
  | 'again'
  /** A delivery stream is replaced by a new one, which begins at the newest record. */
  | 'replaced'
  /** A shard is split in two. */
  | 'split'
  /** Two shards are merged. */
  | 'merge'
  /** A day is settled before it is complete. */
  | 'early'
  /** The disk is full. */
  | 'disk_full';

export interface Faults {
  /**
   * What is made to happen at this call of a place, one of the `kinds` that the place can do; null: nothing.
   * Places are named `<service>.<operation>` (`s3.PutObject`, `lambda.silver`, `mapping.silver`, `delivery.<name>`, `schedule.<name>`).
   */
  next<K extends FaultKind>(place: string, kinds: readonly K[]): K | null;
}

export const NO_FAULTS: Faults = { next: () => null };
