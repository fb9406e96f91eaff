'use strict';
const { existsSync, readFileSync } = require('node:fs');
const { join, resolve } = require('node:path');

/**
 * Lets `sls invoke local` speak to the embedded AWS of a run on this machine (`npm start`): the endpoints of its services, what the
 * run sets for the function, and credentials that open nothing. Other commands, a deploy above all, are not touched.
 */
class InvokeOnThisMachine {
  constructor(serverless) {
    this.hooks = {
      'before:invoke:local:invoke': () => {
        const root = serverless.serviceDir ?? process.cwd();
        const { region, endpoints, environment } = readEndpoints(
          resolve(root, process.env.BIKELAKE_DIR ?? '.bikelake'),
        );
        const own = environment[serverless.processedInput.options.function];
        Object.assign(process.env, endpoints, own, {
          AWS_REGION: region,
          AWS_ACCESS_KEY_ID: 'local',
          AWS_SECRET_ACCESS_KEY: 'local',
          AWS_SESSION_TOKEN: 'local',
          AWS_EC2_METADATA_DISABLED: 'true',
        });
      },
    };
  }
}

function readEndpoints(dir) {
  const file = join(dir, 'endpoints.json');
  const remedy = 'start it with npm start, and name its --dir in BIKELAKE_DIR if it is not .bikelake';
  if (!existsSync(file)) throw new Error(`${file} is missing: no run on this machine has this state folder; ${remedy}`);
  const run = JSON.parse(readFileSync(file, 'utf8'));
  try {
    process.kill(run.pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') throw new Error(`the run of ${dir} (process ${run.pid}) has ended; ${remedy}`);
  }
  return run;
}

module.exports = InvokeOnThisMachine;
