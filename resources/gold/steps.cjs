'use strict';
// How an execution begins: its input, and which way the steps in it go. What no run can do is refused before a worker is started.

const DAILY = ['settle', 'audit', 'gold'];
const MAINTAIN = 'maintain';
const TRIPS = 'trips';
/** Where in the lake's bucket trip files are put for `trips`. */
const TRIP_FILES = 'trips/in';

const pass = (Parameters, rest) => ({ Type: 'Pass', Parameters, ...rest });
/** Fails at once, and again at a redrive: an execution's input can't be mended. */
const refuse = (Cause) => ({ Type: 'Fail', Error: 'BadInput', Cause });

const is = (step) => ({ Variable: '$.step', StringEquals: step });
/** The one step of a run. */
const alone = (step) => [
  { Variable: '$.settings.steps[0]', IsPresent: true },
  { Variable: '$.settings.steps[0]', StringEquals: step },
  { Not: { Variable: '$.settings.steps[1]', IsPresent: true } },
];

/** Each of the steps that are named. */
const eachStep = {
  Type: 'Map',
  ItemsPath: '$.input.steps',
  ItemSelector: { 'step.$': '$$.Map.Item.Value', 'steps.$': 'States.ArrayLength($.input.steps)' },
  MaxConcurrency: 1,
  ItemProcessor: {
    ProcessorConfig: { Mode: 'INLINE' },
    StartAt: 'IsStep',
    States: {
      IsStep: {
        Type: 'Choice',
        Choices: [
          { Or: [...DAILY, MAINTAIN].map(is), Next: 'Step' },
          { And: [is(TRIPS), { Variable: '$.steps', NumericEquals: 1 }], Next: 'Step' },
        ],
        Default: 'NoSuchStep',
      },
      Step: { Type: 'Succeed' },
      NoSuchStep: refuse(`steps are ${[...DAILY, MAINTAIN].join(', ')}; or ${TRIPS}, which stands alone`),
    },
  },
  ResultPath: null,
  Next: 'WhichSteps',
};

/** From the input to `AskGate`, `DateArguments` or `TripsArguments`. `lake`: name of its bucket. */
const beginning = (lake) => ({
  // The input, and what it leaves out: the day before now, all steps, nothing made again.
  Input: pass(
    {
      'input.$': '$',
      defaults: { 'scheduled.$': '$$.Execution.StartTime', steps: DAILY, dates: [] },
    },
    { Next: 'Settings' },
  ),
  Settings: pass(
    {
      'settings.$': 'States.JsonMerge($.defaults, $.input, false)',
      'input.$': '$.input',
      redrives: 0,
    },
    { Next: 'IsWholeDay' },
  ),
  // Who names steps wants them now.
  IsWholeDay: {
    Type: 'Choice',
    Choices: [{ Variable: '$.input.steps', IsPresent: true, Next: 'EachStep' }],
    Default: 'AskGate',
  },
  EachStep: eachStep,
  WhichSteps: {
    Type: 'Choice',
    Choices: [
      { And: alone(TRIPS), Next: 'HasTripFiles' },
      { Variable: '$.settings.in', IsPresent: true, Next: 'FilesAreForTrips' },
      { Variable: '$.settings.steps[0]', IsPresent: true, Next: 'DateArguments' },
    ],
    Default: 'NoSteps',
  },
  HasTripFiles: {
    Type: 'Choice',
    Choices: [
      {
        And: [
          { Variable: '$.settings.in', IsPresent: true },
          { Variable: '$.settings.in', IsString: true },
          { Variable: '$.settings.in', StringMatches: `s3://${lake}/${TRIP_FILES}/*` },
        ],
        Next: 'TripsArguments',
      },
    ],
    Default: 'NoTripFiles',
  },
  NoTripFiles: refuse(
    `${TRIPS} needs "in", a file or folder of trip files: "s3://${lake}/${TRIP_FILES}/..." (docs/trips.md)`,
  ),
  FilesAreForTrips: refuse(`"in" is for the step ${TRIPS}, which stands alone`),
  NoSteps: refuse('"steps" is empty: leave it out for the whole day'),
});

/** Of a run that leaves nothing to measure and to tell: `maintain` alone, or `trips`. */
const isUpkeep = { Or: [MAINTAIN, TRIPS].map((step) => ({ And: alone(step) })) };

module.exports = { MAINTAIN, TRIPS, TRIP_FILES, beginning, isUpkeep, pass };
