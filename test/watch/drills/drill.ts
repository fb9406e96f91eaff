import type { Room, RoomOptions } from './room.ts';

/** A condition that an alarm is about, and how it comes about in a run. */
export interface Drill {
  /** Short name, such as `poll-failed`. */
  readonly alarm: string;
  readonly condition: string;
  /** Other alarms that the same condition sets off, for good reasons. */
  readonly also?: readonly string[];
  readonly room?: RoomOptions;
  /** Lets the condition come about, and lets pass the time that the alarm takes. */
  readonly cause: (room: Room) => Promise<void>;
}
