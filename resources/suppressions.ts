/** A finding of the validator that stands, and why. */
export interface Suppression {
  readonly rule: string;
  /** Logical ids; absent: everywhere. */
  readonly resources?: readonly string[];
  readonly reason: string;
  /** Of a part that a stage may leave out, so that nothing may need it: the parameter. */
  readonly part?: 'quicksight';
}

/** Every finding that is let through. One that nothing needs any more is an error. */
export const SUPPRESSIONS: readonly Suppression[] = [
  {
    rule: 'W3005',
    resources: ['PollLambdaFunction', 'BronzeLambdaFunction', 'SilverLambdaFunction'],
    reason: 'osls writes a DependsOn beside the reference to the role; it says the same thing twice and does no harm',
  },
  {
    rule: 'I1022',
    resources: ['ServerlessDeploymentBucketPolicy'],
    reason: 'osls writes the policy of its deployment bucket; a join is as good as a substitution',
  },
  {
    rule: 'I3011',
    resources: ['PollLogGroup', 'BronzeLogGroup', 'SilverLogGroup'],
    reason: 'osls makes the log groups; that they go with the stack is what is wanted',
  },
  {
    rule: 'I9001',
    reason: 'a note on every name: names are fixed on purpose, so that functions find things without references',
  },
  {
    rule: 'I9040',
    reason: 'tags are given to the stack (provider.stackTags), and CloudFormation hands them to every resource',
  },
  {
    rule: 'W9009',
    resources: ['QsStationHourly'],
    part: 'quicksight',
    reason:
      'a map needs columns that are said to be latitude and longitude, and LogicalTableMap is the documented place for it',
  },
];
