/** Parameters with which no resource of the template is left out; values that stand for a deployer's own. */
export const EVERYTHING = {
  gold: 'on',
  quicksight: 'on',
  quicksightPrincipal: 'arn:aws:quicksight:us-east-1:123456789012:user/default/analyst',
  alarmEmail: 'alarms@example.org',
  slackWorkspaceId: 'T0123ABCD',
  slackChannelId: 'C0123ABCD',
  budgetUsd: '50',
} as const satisfies Readonly<Record<string, string>>;
