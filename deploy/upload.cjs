'use strict';
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { jobFiles } = require('./jobs.cjs');

/** What the plan is called in the lake, whatever file it was made of. */
const PLAN_KEY = 'config/plan.json';

/** Puts the plan that the stage polls by into the lake. Returns what was done, for a person. */
async function uploadPlan(aws, { lakeName, planFile }) {
  if (!existsSync(planFile)) throw new Error(`${planFile} is missing: make it with npm run plan`);
  await put(aws, lakeName, [{ key: PLAN_KEY, body: readFileSync(planFile), type: 'application/json' }]);
  return `plan: s3://${lakeName}/${PLAN_KEY}`;
}

/**
 * Puts the programs of Spark into the folder of their version. Their contents are in its name, so the same names always hold the same, and
 * a run that was started before the deploy finds its own programs where they were.
 */
async function uploadJobs(aws, { lakeName, jobs, root }) {
  const files = jobFiles(root).map((file) => ({
    key: `${jobs}/${file.replace(/^jobs\//, '')}`,
    body: readFileSync(join(root, file)),
    type: 'text/plain; charset=utf-8',
  }));
  await put(aws, lakeName, files);
  return `programs of Spark: ${files.length} files in s3://${lakeName}/${jobs}/`;
}

async function put(aws, Bucket, objects) {
  const { PutObjectCommand, S3Client } = require('@aws-sdk/client-s3');
  const s3 = new S3Client(aws);
  try {
    for (const { key: Key, body: Body, type: ContentType } of objects) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType })).catch((cause) => {
        const remedy = 'see that it is there and that this user may put it (deploy/README.md), and deploy again';
        throw new Error(`s3://${Bucket}/${Key} can't be put: ${cause.message}; ${remedy}`, { cause });
      });
    }
  } finally {
    s3.destroy();
  }
}

module.exports = { PLAN_KEY, uploadJobs, uploadPlan };
