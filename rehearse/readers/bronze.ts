import { DescribeDeliveryStreamCommand } from '@aws-sdk/client-firehose';
import { GetDatabaseCommand, GetTableCommand } from '@aws-sdk/client-glue';
import { textOf } from '../../local/template/text.ts';
import { answered, type Reader } from './reader.ts';

export const DELIVERY_STREAM: Reader = {
  read: async ({ firehose }, { physical: DeliveryStreamName }) => {
    const answer = await answered(firehose.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName })));
    const stream = answer?.DeliveryStreamDescription;
    return (
      stream && {
        DeliveryStreamName: stream.DeliveryStreamName,
        DeliveryStreamType: stream.DeliveryStreamType,
        DeliveryStreamEncryptionConfigurationInput: stream.DeliveryStreamEncryptionConfiguration,
        KinesisStreamSourceConfiguration: stream.Source?.KinesisStreamSourceDescription,
        ExtendedS3DestinationConfiguration: stream.Destinations?.[0]?.ExtendedS3DestinationDescription,
      }
    );
  },
};

export const DATABASE: Reader = {
  read: async ({ glue }, { physical: Name }) => {
    const database = (await answered(glue.send(new GetDatabaseCommand({ Name }))))?.Database;
    return database && { CatalogId: database.CatalogId, DatabaseInput: database };
  },
};

export const CATALOG_TABLE: Reader = {
  read: async ({ glue }, { properties }) => {
    const { Name } = properties.TableInput as { Name: string };
    const table = (
      await answered(glue.send(new GetTableCommand({ DatabaseName: textOf(properties.DatabaseName), Name })))
    )?.Table;
    return table && { CatalogId: table.CatalogId, DatabaseName: table.DatabaseName, TableInput: table };
  },
};
