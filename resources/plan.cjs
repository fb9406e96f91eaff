// The plan that schedules are made of, and alarms take their patience from.
const { readFileSync } = require('node:fs');
const { resolve } = require('node:path');

/** `file` as serverless.yml names it. Throws where it is no plan of this version. */
function readPlan(file) {
  try {
    const plan = JSON.parse(readFileSync(resolve(__dirname, '..', file), 'utf8'));
    if (plan?.format !== 1) throw new Error(`it is of format ${JSON.stringify(plan?.format)}, this version reads 1`);
    return plan;
  } catch (cause) {
    throw new Error(`${file} can't be read as a plan (${cause.message}): make it with \`npm run plan\``, { cause });
  }
}

module.exports = { readPlan };
