/**
 * Errors say what happens next. `TransientError`: thrown, and the platform or the caller tries again.
 * `RejectedInput`: the input goes to quarantine with its reason, and the rest goes on.
 * `FatalError`: stop and tell a person; trying again can't help.
 */
export type Stage = 'poll' | 'stream' | 'bronze' | 'silver' | 'gold' | 'local';

abstract class StageError extends Error {
  readonly stage: Stage;
  /** A short snake_case reason, for receipts and counters. */
  readonly reason: string;
  constructor(stage: Stage, reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.stage = stage;
    this.reason = reason;
    this.name = new.target.name;
  }
}

export class TransientError extends StageError {}
export class RejectedInput extends StageError {}
export class FatalError extends StageError {}
