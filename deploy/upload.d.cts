import type { S3ClientConfig } from '@aws-sdk/client-s3';

export const PLAN_KEY: string;
export function uploadJobs(
  aws: S3ClientConfig,
  to: { readonly lakeName: string; readonly jobs: string; readonly root: string },
): Promise<string>;
export function uploadPlan(
  aws: S3ClientConfig,
  to: { readonly lakeName: string; readonly planFile: string },
): Promise<string>;
