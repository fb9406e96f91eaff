import type { S3ClientConfig } from '@aws-sdk/client-s3';

export type Bucket = 'ours' | 'none' | 'foreign';
export interface LakeWanted {
  readonly lake: string;
  readonly lakeName: string;
  readonly accountId: string;
  readonly stackName: string;
}
export function adviceFor(way: string, bucket: Bucket, ofStack: boolean): string | null;
export function checkLake(aws: S3ClientConfig, wanted: LakeWanted): Promise<boolean>;
export function checkWay(way: string): string;
