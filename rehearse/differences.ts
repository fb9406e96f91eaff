import type { Properties } from '../local/template/resolve.ts';
import type { KnownDifference } from './judge.ts';
import type { ServerName } from './servers.ts';

/** A type that a server makes nothing of: the resources are left out of what is deployed to it. */
export interface LeftOut {
  readonly type: string;
  /** Only those for which this holds. */
  readonly only?: (properties: Properties) => boolean;
  /** What the server says to such a resource; null: nothing, it calls it created and makes nothing. */
  readonly refusal: RegExp | null;
  readonly why: string;
}

export interface ServerDifferences {
  readonly left_out: readonly LeftOut[];
  readonly properties: readonly KnownDifference[];
  /** What is left behind by a removal although the template doesn't retain it. */
  readonly left_behind: readonly { readonly what: RegExp; readonly why: string }[];
}

const UNKNOWN_TYPE = /Unsupported resource type/;
const PASSED_OVER = 'its CloudFormation calls the type created and makes nothing';

export const DIFFERENCES: Readonly<Record<ServerName, ServerDifferences>> = {
  ministack: {
    left_out: [{ type: 'AWS::EMRServerless::Application', refusal: UNKNOWN_TYPE, why: 'it does not know the type' }],
    properties: [],
    left_behind: [],
  },
  moto: {
    left_out: [
      { type: 'AWS::Athena::WorkGroup', refusal: null, why: PASSED_OVER },
      { type: 'AWS::Budgets::Budget', refusal: null, why: PASSED_OVER },
      { type: 'AWS::Glue::Database', refusal: null, why: PASSED_OVER },
      { type: 'AWS::Glue::Table', refusal: null, why: PASSED_OVER },
      { type: 'AWS::KinesisFirehose::DeliveryStream', refusal: null, why: PASSED_OVER },
      { type: 'AWS::Lambda::EventInvokeConfig', refusal: null, why: PASSED_OVER },
      { type: 'AWS::Logs::LogStream', refusal: null, why: PASSED_OVER },
      { type: 'AWS::S3::BucketPolicy', refusal: null, why: PASSED_OVER },
      { type: 'AWS::Scheduler::Schedule', refusal: null, why: PASSED_OVER },
    ],
    properties: [],
    left_behind: [],
  },
};
