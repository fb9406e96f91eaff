// The budget: tells the topic when this stage costs more in a month than it should.

/** `settings`: see watch.cjs. */
function budgetResources({ service, stage, budgetUsd }) {
  if (budgetUsd === null) return {};
  const tell = (NotificationType, Threshold) => ({
    Notification: { NotificationType, ComparisonOperator: 'GREATER_THAN', Threshold, ThresholdType: 'PERCENTAGE' },
    Subscribers: [{ SubscriptionType: 'SNS', Address: { Ref: 'AlarmTopic' } }],
  });
  return {
    MonthlyBudget: {
      Type: 'AWS::Budgets::Budget',
      DependsOn: 'AlarmTopicPolicy', // a subscriber that may not be told is refused
      Properties: {
        Budget: {
          BudgetName: `${service}-${stage}`,
          BudgetType: 'COST',
          TimeUnit: 'MONTHLY',
          BudgetLimit: { Amount: budgetUsd, Unit: 'USD' },
          // A tag of the stack (provider.stackTags). Costs are filed under it from the day on that it is activated for cost allocation.
          CostFilters: { TagKeyValue: [`user:stack$${service}-${stage}`] },
        },
        NotificationsWithSubscribers: [tell('ACTUAL', 80), tell('FORECASTED', 100)],
      },
    },
  };
}

module.exports = { budgetResources };
