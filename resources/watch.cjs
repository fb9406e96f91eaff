// Watch: what tells a person that the pipeline is unwell.
const { readPlan } = require('./plan.cjs');
const { alarmResources } = require('./watch/alarms.cjs');
const { budgetResources } = require('./watch/budget.cjs');
const { dashboardResources } = require('./watch/dashboard.cjs');
const { notifyResources } = require('./watch/notify.cjs');

/** What the files in watch/ are given. Empty texts and null stand for what is not wanted. */
async function settingsOf(resolveVariable) {
  const param = (name) => resolveVariable(`param:${name}`);
  const amount = async (name) => {
    const value = await param(name);
    const number = Number(value);
    if (!(number > 0)) throw new Error(`the parameter ${name} is ${JSON.stringify(value)}: give a number above 0`);
    return number;
  };
  const { groups } = readPlan(await param('plan'));
  return {
    service: await resolveVariable('self:service'),
    stage: await resolveVariable('sls:stage'),
    names: await resolveVariable('self:custom.names'),
    // A plan without groups is as silent as one that is polled every minute and doesn't come.
    shortest_s: Math.min(...groups.map(({ interval_s }) => interval_s), groups.length > 0 ? Infinity : 60),
    bronzeIntervalSeconds: await amount('bronzeIntervalSeconds'),
    pollsFailedPercent: await amount('pollsFailedPercent'),
    gold: (await param('gold')) === 'on',
    customerKey: String(await param('customerKey')),
    alarmEmail: String(await param('alarmEmail')),
    slackWorkspaceId: String(await param('slackWorkspaceId')),
    slackChannelId: String(await param('slackChannelId')),
    budgetUsd: String(await param('budgetUsd')) === '' ? null : await amount('budgetUsd'),
  };
}

module.exports = async ({ resolveVariable }) => {
  const settings = await settingsOf(resolveVariable);
  return {
    Resources: {
      ...notifyResources(settings),
      ...alarmResources(settings),
      ...budgetResources(settings),
      ...dashboardResources(settings),
    },
  };
};
