import type { Drill } from './drill.ts';

const ONE = { systems: ['sim_gbfs23'] };

export const POLL: readonly Drill[] = [
  {
    alarm: 'poll-silent',
    condition: 'the schedules do not fire',
    room: ONE,
    cause: async (room) => {
      await room.minutes(3);
      await room.stopPolling();
    },
    within: 20,
  },
  {
    alarm: 'poll-silent',
    condition: 'the schedules fire, and the function fails before it polls',
    room: {
      ...ONE,
      change: ({ PollLambdaFunction }) => {
        delete PollLambdaFunction.Environment.Variables.STREAM_NAME;
      },
    },
    cause: (room) => room.minutes(1),
    within: 20,
  },
  {
    alarm: 'poll-failed',
    condition: 'the feeds are down',
    room: { ...ONE, interval_s: 240 }, // each takes its retries, in real time; every five minutes have one
    cause: async (room) => {
      await room.minutes(5);
      await room.closeFeeds();
    },
    within: 26,
  },
  {
    alarm: 'poll-frozen',
    condition: 'a feed answers, and has not moved for more than an hour',
    room: { ...ONE, interval_s: 120 },
    cause: async (room) => {
      await room.minutes(4);
      room.freezeFeeds();
    },
    within: 100,
  },
  {
    alarm: 'poll-key-refused',
    condition: 'the feed refuses the key',
    also: ['poll-failed'], // it is the only feed here; of many it is less than a tenth
    room: { systems: ['sim_seoul'], seoul_key: 'a key that was taken back' },
    cause: (room) => room.minutes(1),
    within: 20,
  },
  {
    alarm: 'poll-key-refused',
    condition: 'the key cannot be read',
    also: ['poll-failed'],
    room: { systems: ['sim_seoul'], seoul_key: null },
    cause: (room) => room.minutes(1),
    within: 20,
  },
];
