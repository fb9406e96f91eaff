import { CATALOG_TABLE, DATABASE, DELIVERY_STREAM } from './bronze.ts';
import { FUNCTION, INVOKE_CONFIG, MAPPING, PERMISSION } from './functions.ts';
import { STATE_MACHINE, WORK_GROUP } from './gold.ts';
import { BUCKET, BUCKET_POLICY } from './lake.ts';
import { SCHEDULE, TABLE } from './poll.ts';
import type { Reader } from './reader.ts';
import { ROLE } from './roles.ts';
import { STREAM } from './stream.ts';
import {
  ALARM,
  COMPOSITE_ALARM,
  DASHBOARD,
  LOG_GROUP,
  LOG_STREAM,
  SUBSCRIPTION,
  TOPIC,
  TOPIC_POLICY,
} from './watch.ts';

/** How each type is read back through the API of its service. */
export const READERS: Readonly<Record<string, Reader>> = {
  'AWS::Athena::WorkGroup': WORK_GROUP,
  'AWS::CloudWatch::Alarm': ALARM,
  'AWS::CloudWatch::CompositeAlarm': COMPOSITE_ALARM,
  'AWS::CloudWatch::Dashboard': DASHBOARD,
  'AWS::DynamoDB::Table': TABLE,
  'AWS::Glue::Database': DATABASE,
  'AWS::Glue::Table': CATALOG_TABLE,
  'AWS::IAM::Role': ROLE,
  'AWS::Kinesis::Stream': STREAM,
  'AWS::KinesisFirehose::DeliveryStream': DELIVERY_STREAM,
  'AWS::Lambda::EventInvokeConfig': INVOKE_CONFIG,
  'AWS::Lambda::EventSourceMapping': MAPPING,
  'AWS::Lambda::Function': FUNCTION,
  'AWS::Lambda::Permission': PERMISSION,
  'AWS::Logs::LogGroup': LOG_GROUP,
  'AWS::Logs::LogStream': LOG_STREAM,
  'AWS::S3::Bucket': BUCKET,
  'AWS::S3::BucketPolicy': BUCKET_POLICY,
  'AWS::SNS::Subscription': SUBSCRIPTION,
  'AWS::SNS::Topic': TOPIC,
  'AWS::SNS::TopicPolicy': TOPIC_POLICY,
  'AWS::Scheduler::Schedule': SCHEDULE,
  'AWS::StepFunctions::StateMachine': STATE_MACHINE,
};
