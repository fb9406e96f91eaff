import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { GetScheduleCommand } from '@aws-sdk/client-scheduler';
import { textOf } from '../../local/template/text.ts';
import { answered, type Reader } from './reader.ts';

export const TABLE: Reader = {
  read: async ({ dynamodb }, { physical: TableName }) => {
    const table = (await answered(dynamodb.send(new DescribeTableCommand({ TableName }))))?.Table;
    if (table === undefined) return undefined;
    const backups = await answered(dynamodb.send(new DescribeContinuousBackupsCommand({ TableName })));
    const recovery = backups?.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
    const expiry = (await answered(dynamodb.send(new DescribeTimeToLiveCommand({ TableName }))))?.TimeToLiveDescription;
    const { SSEDescription } = table;
    return {
      ...table,
      BillingMode: table.BillingModeSummary?.BillingMode,
      PointInTimeRecoverySpecification: recovery && {
        PointInTimeRecoveryEnabled: recovery.PointInTimeRecoveryStatus === 'ENABLED',
      },
      TimeToLiveSpecification: expiry && {
        AttributeName: expiry.AttributeName,
        Enabled: expiry.TimeToLiveStatus === 'ENABLED',
      },
      SSESpecification: {
        SSEEnabled: SSEDescription?.Status === 'ENABLED',
        SSEType: SSEDescription?.SSEType,
        KMSMasterKeyId: SSEDescription?.KMSMasterKeyArn,
      },
    };
  },
};

export const SCHEDULE: Reader = {
  read: ({ scheduler }, { properties }) =>
    answered(
      scheduler.send(
        new GetScheduleCommand({ Name: textOf(properties.Name), GroupName: textOf(properties.GroupName ?? 'default') }),
      ),
    ),
};
