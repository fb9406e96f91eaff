// Every metric that alarms and dashboard read, as CloudWatch names it. Custom ones are those of lib/watch/metrics.json.
// Namespaces, names, dimensions, units and statistics of AWS's own, as documented:
//   AWS/Kinesis   docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html (stream level, StreamName)
//   AWS/Firehose  docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html (DeliveryStreamName)
//   AWS/Lambda    docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html (FunctionName; EventSourceMappingUUID)
//   AWS/States    docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html (StateMachineArn)
//   AWS/Logs      docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html (LogGroupName)
const table = require('../../lib/watch/metrics.json');
const { own } = require('../role.cjs');

const metric = (Namespace, MetricName, dimensions, Stat) => ({ Namespace, MetricName, dimensions, Stat });

/** By short name. `settings`: see ../watch.cjs. */
function metricsOf({ service, stage, names }) {
  const prefix = `${service}-${stage}`;
  const kinesis = (name, stat) => metric('AWS/Kinesis', name, { StreamName: names.stream }, stat);
  const firehose = (name, stat, delivery = names.bronze) =>
    metric('AWS/Firehose', name, { DeliveryStreamName: delivery }, stat);
  const lambda = (name, fn, stat) => metric('AWS/Lambda', name, { FunctionName: `${prefix}-${fn}` }, stat);
  const mapping = (name) => metric('AWS/Lambda', name, { EventSourceMappingUUID: { Ref: 'SilverMapping' } }, 'Sum');
  const machine = (name, stat) =>
    metric('AWS/States', name, { StateMachineArn: own('states', `stateMachine:${names.gold}`) }, stat);
  const logs = (group) => metric('AWS/Logs', 'IncomingLogEvents', { LogGroupName: group }, 'Sum');

  return {
    ...Object.fromEntries(table.map((m) => [m.name, metric(names.metrics, m.name, { stage: m.stage }, m.statistic)])),
    // Mapping and delivery stream read the stream all the time: it is there from the first minute of a stack to its last.
    clock: kinesis('GetRecords.Success', 'Sum'),
    throttledPuts: kinesis('WriteProvisionedThroughputExceeded', 'Sum'),
    recordsIn: kinesis('IncomingRecords', 'Sum'),
    bytesIn: kinesis('IncomingBytes', 'Sum'),
    readerAge: kinesis('GetRecords.IteratorAgeMilliseconds', 'Maximum'),
    pollErrors: lambda('Errors', 'poll', 'Sum'),
    pollDuration: lambda('Duration', 'poll', 'Maximum'),
    freshness: firehose('DeliveryToS3.DataFreshness', 'Maximum'),
    objectsDelivered: firehose('DeliveryToS3.Success', 'Average'),
    bytesDelivered: firehose('DeliveryToS3.Bytes', 'Sum'),
    recordsRead: firehose('DataReadFromKinesisStream.Records', 'Sum'),
    rowsNotConverted: firehose('FailedConversion.Records', 'Sum'),
    rejectsDelivered: firehose('DeliveryToS3.Records', 'Sum', names.quarantine),
    // Firehose leaves it to the function to say what it marked as failed, and counts it nowhere. The function logs nothing else; so its lines
    // are failed records, errors and time-outs. The delivery stream logs nothing but errors of delivery.
    transformLines: logs(`/aws/lambda/${prefix}-bronze`),
    deliveryLines: logs(`/aws/kinesisfirehose/${names.bronze}`),
    silverAge: lambda('IteratorAge', 'silver', 'Maximum'),
    silverErrors: lambda('Errors', 'silver', 'Sum'),
    silverDuration: lambda('Duration', 'silver', 'Maximum'),
    // Of the mapping's MetricsConfig EventCount; the second counts what could not be put into the failure destination either.
    givenUp: mapping('OnFailureDestinationDeliveredEventCount'),
    dropped: mapping('DroppedEventCount'),
    goldSucceeded: machine('ExecutionsSucceeded', 'Sum'),
    goldFailed: machine('ExecutionsFailed', 'Sum'),
    goldTimedOut: machine('ExecutionsTimedOut', 'Sum'),
    goldTime: machine('ExecutionTime', 'Maximum'),
  };
}

/** Dimensions as CloudFormation writes them. */
const dimensionsOf = ({ dimensions }) => Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));

module.exports = { dimensionsOf, metricsOf };
