import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HOST, type PythonServer, startServer } from '../contract/servers.ts';
import { REGION } from './clients.ts';

export const SERVERS = ['ministack', 'moto'] as const;
export type ServerName = (typeof SERVERS)[number];

/** What the stack is made of, as ministack names it; the others' ports and threads stay away. */
const SERVICES =
  'athena,cloudformation,dynamodb,ecr,events,firehose,glue,iam,kinesis,kms,lambda,logs,monitoring,s3,scheduler,sns,sqs,ssm,states,sts';
/** The functions run on the Node that runs this. */
const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;

/**
 * Starts a server that answers the AWS APIs. `environment`: the folder of the Python environment. `functions`: what the functions that it
 * runs find in their environment beside what the template says.
 */
export function startApi(
  name: ServerName,
  environment: string,
  logs: string,
  functions: Readonly<Record<string, string>>,
): Promise<PythonServer> {
  if (name === 'moto') {
    return startServer(
      {
        name,
        program: join(environment, 'bin', 'python'),
        args: (port) => [fileURLToPath(new URL('lenient_moto.py', import.meta.url)), '-H', HOST, '-p', String(port)],
        environment: () => ({ AWS_DEFAULT_REGION: REGION }),
        health: '/moto-api/data.json',
      },
      logs,
    );
  }
  return startServer(
    {
      name,
      program: join(environment, 'bin', 'ministack'),
      args: () => [],
      environment: (port) => ({
        ...functions,
        NODE_OPTIONS: `--require ${fileURLToPath(new URL('find-cjs.cjs', import.meta.url))}`,
        PATH,
        BIND_HOST: HOST, // its default is every address
        MINISTACK_HOST: HOST, // where functions find it: a name instead of an address would ask for a host name for each bucket
        GATEWAY_PORT: String(port),
        SERVICES,
        IOT_MTLS_ENABLED: '0', // a port on every address
        MINISTACK_REGION: REGION,
        LAMBDA_EXECUTOR: 'local',
      }),
      health: '/_ministack/health',
    },
    logs,
  );
}
