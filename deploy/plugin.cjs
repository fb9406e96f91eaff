'use strict';
const { resolve } = require('node:path');
const { adoptLake } = require('../resources/adopt-lake.cjs');
const { checkKey, useCustomerKey } = require('../resources/customer-key.cjs');
const { checkLake, checkWay } = require('./check-lake.cjs');
const { uploadJobs, uploadPlan } = require('./upload.cjs');

/**
 * What `sls` does for this service beside what it knows. When it packages: the parameters that change the template as a whole. When it
 * deploys: it looks at the lake before it begins, and puts the plan and the programs of Spark there. Other commands are not touched.
 */
class Deploy {
  constructor(serverless, _options, { log }) {
    const root = serverless.serviceDir ?? process.cwd(); // a later plugin moves it
    let aws;
    let lakeIsThere = false;

    /** What serverless.yml says, resolved. */
    const settings = () => {
      const { names, deploy } = serverless.service.custom;
      return { ...deploy, lakeName: names.lake, jobs: names.jobs, root, planFile: resolve(root, deploy.plan) };
    };
    const upload = async (...uploads) => {
      for (const one of uploads) log.notice(await one(aws, settings()));
    };

    const hooks = {
      'before:package:cleanup': () => {
        const { customerKey, lake } = settings();
        checkWay(lake);
        if (customerKey !== '') checkKey(customerKey);
      },
      'after:aws:package:finalize:mergeCustomProviderResources': () => {
        const template = serverless.service.provider.compiledCloudFormationTemplate;
        const { customerKey, lake, lakeName } = settings();
        if (customerKey !== '') useCustomerKey(template, customerKey);
        if (lake === 'adopt') adoptLake(template, lakeName);
      },
      'before:deploy:deploy': async () => {
        const provider = serverless.getProvider('aws');
        aws = clientConfig(await provider.getAwsSdkV3Config());
        lakeIsThere = await checkLake(aws, {
          ...settings(),
          accountId: await provider.getAccountId(),
          stackName: provider.naming.getStackName(),
        });
      },
      // Before the state machine names them, where there is a lake already; else after the stack has made it.
      'before:aws:deploy:deploy:updateStack': () => lakeIsThere && upload(uploadJobs),
      'after:deploy:deploy': () => (lakeIsThere ? upload(uploadPlan) : upload(uploadJobs, uploadPlan)),
    };
    this.hooks = Object.fromEntries(Object.entries(hooks).map(([name, hook]) => [name, told(hook, serverless)]));
  }
}

/** What a hook throws as an error that `sls` shows as a message, not as a bug with a stack. */
const told = (hook, serverless) => async () => {
  try {
    await hook();
  } catch (cause) {
    throw new serverless.classes.Error(cause.message, 'BIKELAKE_DEPLOY');
  }
};

/** Servers that stand in for AWS have no host name for each bucket. */
const clientConfig = (config) => ({
  ...config,
  ...((process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL) && { forcePathStyle: true }),
});

module.exports = Deploy;
