import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  type LifecycleRule,
} from '@aws-sdk/client-s3';
import { textOf } from '../../local/template/text.ts';
import { answered, documentOf, type Reader, type Shown } from './reader.ts';

export const BUCKET: Reader = {
  read: async ({ s3 }, { physical: Bucket }) => {
    if ((await answered(s3.send(new HeadBucketCommand({ Bucket })))) === undefined) return undefined;
    const access = await answered(s3.send(new GetPublicAccessBlockCommand({ Bucket })));
    const ownership = await answered(s3.send(new GetBucketOwnershipControlsCommand({ Bucket })));
    const versioning = await answered(s3.send(new GetBucketVersioningCommand({ Bucket })));
    const encryption = await answered(s3.send(new GetBucketEncryptionCommand({ Bucket })));
    const lifecycle = await answered(s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })));
    return {
      BucketName: Bucket,
      PublicAccessBlockConfiguration: access?.PublicAccessBlockConfiguration,
      OwnershipControls: ownership?.OwnershipControls,
      VersioningConfiguration: { Status: versioning?.Status },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: encryption?.ServerSideEncryptionConfiguration?.Rules?.map((rule) => ({
          ServerSideEncryptionByDefault: rule.ApplyServerSideEncryptionByDefault,
          BucketKeyEnabled: rule.BucketKeyEnabled,
        })),
      },
      LifecycleConfiguration: { Rules: lifecycle?.Rules?.map(toRule) },
    };
  },
};

/** CloudFormation has names of its own for the parts of a rule. */
function toRule(rule: LifecycleRule): Shown {
  const { Filter } = rule;
  const tags = Filter?.And?.Tags ?? (Filter?.Tag ? [Filter.Tag] : undefined);
  return {
    Id: rule.ID,
    Status: rule.Status,
    Prefix: Filter?.Prefix ?? Filter?.And?.Prefix ?? rule.Prefix,
    TagFilters: tags,
    ExpirationInDays: rule.Expiration?.Days,
    ExpiredObjectDeleteMarker: rule.Expiration?.ExpiredObjectDeleteMarker,
    Transitions: rule.Transitions?.map((t) => ({ StorageClass: t.StorageClass, TransitionInDays: t.Days })),
    AbortIncompleteMultipartUpload: rule.AbortIncompleteMultipartUpload,
    NoncurrentVersionExpiration: rule.NoncurrentVersionExpiration,
    NoncurrentVersionTransitions: rule.NoncurrentVersionTransitions?.map((t) => ({
      StorageClass: t.StorageClass,
      TransitionInDays: t.NoncurrentDays,
    })),
  };
}

export const BUCKET_POLICY: Reader = {
  read: async ({ s3 }, { properties }) => {
    const Bucket = textOf(properties.Bucket);
    const answer = await answered(s3.send(new GetBucketPolicyCommand({ Bucket })));
    return answer?.Policy ? { Bucket, PolicyDocument: documentOf(answer.Policy) } : undefined;
  },
};
