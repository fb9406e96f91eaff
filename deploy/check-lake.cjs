'use strict';

const WAYS = ['create', 'adopt'];

/** Throws for what is no value of the parameter `lake`. */
function checkWay(way) {
  if (WAYS.includes(way)) return way;
  throw new Error(`lake is ${JSON.stringify(way)}: say create, or adopt for the bucket that a removed stage left`);
}

/**
 * Whether the lake's bucket is there, ours, and fits what the deploy is told to do with it. `aws`: what a client is made of. Throws before
 * anything was changed, where CloudFormation would fail in the middle, with the remedy.
 */
async function checkLake(aws, { lake, lakeName, accountId, stackName }) {
  const bucket = await lookAt(aws, lakeName, accountId);
  const remedy = adviceFor(checkWay(lake), bucket, bucket === 'ours' && (await isOfStack(aws, stackName)));
  if (remedy !== null) throw new Error(`the lake's bucket ${lakeName} ${remedy}`);
  return bucket === 'ours';
}

/** What is wrong and what to do about it; null: nothing. `bucket`: ours, none or foreign; `ofStack`: the stage's stack made it. */
function adviceFor(way, bucket, ofStack) {
  if (bucket === 'foreign') {
    return "belongs to another account, or this account's user may not look at it: names of buckets are global, so give the stage a name of its own by BIKELAKE_SUFFIX or --param suffix=-…, such as -123456789012, and see that the user has the deployer's policy";
  }
  if (way === 'adopt') return bucket === 'none' ? 'is not there to be adopted: deploy with --param lake=create' : null;
  if (bucket === 'ours' && !ofStack) {
    return 'is there, and no part of the stack: a removed stage left it, or a first deploy that failed. Deploy with --param lake=adopt, or remove the bucket if it is empty, or give another suffix';
  }
  return null;
}

async function lookAt(aws, Bucket, ExpectedBucketOwner) {
  const { HeadBucketCommand, S3Client } = require('@aws-sdk/client-s3');
  const s3 = new S3Client(aws);
  try {
    await s3.send(new HeadBucketCommand({ Bucket, ExpectedBucketOwner }));
    return 'ours';
  } catch (error) {
    const status = error.$metadata?.httpStatusCode;
    if (status === 404) return 'none';
    if (status === 301 || status === 403) return 'foreign'; // 301: in another region
    throw new Error(`the lake's bucket ${Bucket} can't be looked at: ${error.message}`, { cause: error });
  } finally {
    s3.destroy();
  }
}

async function isOfStack(aws, StackName) {
  const { CloudFormationClient, DescribeStackResourceCommand } = require('@aws-sdk/client-cloudformation');
  const cloudFormation = new CloudFormationClient(aws);
  try {
    const wanted = { StackName, LogicalResourceId: 'LakeBucket' };
    const { StackResourceDetail: found } = await cloudFormation.send(new DescribeStackResourceCommand(wanted));
    return found !== undefined && !found.ResourceStatus?.startsWith('DELETE');
  } catch (error) {
    if (/does not exist/i.test(error.message)) return false; // the stack, or the bucket in it
    throw error;
  } finally {
    cloudFormation.destroy();
  }
}

module.exports = { adviceFor, checkLake, checkWay };
