import type { Room, RoomOptions } from './room.ts';

/** A condition that an alarm is about, and how it comes about in a run. */
export interface Drill {
  /** Short name, such as `poll-failed`. */
  readonly alarm: string;
  readonly condition: string;
  /** Other alarms that the same condition may set off, for good reasons. */
  readonly also?: readonly string[];
  readonly room?: RoomOptions;
  /** Lets the condition come about. */
  readonly cause: (room: Room) => Promise<void>;
  /** Minutes from then on, at most, until the alarm is on. */
  readonly within: number;
  /** What else must be seen then. */
  readonly check?: (room: Room) => void;
}
