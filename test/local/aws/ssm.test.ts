/** The embedded Parameter Store, through the SDK's client with its default settings. */
import { GetParameterCommand, GetParametersCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Endpoint } from '../../../local/aws/http.ts';
import { startSsm } from '../../../local/aws/ssm/server.ts';
import { credentials, region } from './state.ts';

const Name = '/bikelake/dev/seoul-key';

let endpoint: Endpoint;
let client: SSMClient;

beforeEach(async () => {
  endpoint = await startSsm({ [Name]: 'a-secret' });
  client = new SSMClient({ endpoint: endpoint.url, region, credentials });
});

afterEach(async () => {
  client.destroy();
  await endpoint.close();
});

test('a parameter is read with decryption', async () => {
  const { Parameter } = await client.send(new GetParameterCommand({ Name, WithDecryption: true }));
  expect(Parameter).toMatchObject({
    Name,
    Value: 'a-secret',
    Type: 'SecureString',
    ARN: 'arn:aws:ssm:us-east-1:000000000000:parameter/bikelake/dev/seoul-key',
  });
});

test('without decryption there is no value to read', async () => {
  const { Parameter } = await client.send(new GetParameterCommand({ Name }));
  expect(Parameter?.Value).not.toContain('a-secret');
});

test('a missing parameter is ParameterNotFound, one by one, and named among several', async () => {
  await expect(client.send(new GetParameterCommand({ Name: '/none' }))).rejects.toThrow(ParameterNotFound);
  await expect(client.send(new GetParameterCommand({ Name: 'constructor' }))).rejects.toThrow(ParameterNotFound);
  const answer = await client.send(new GetParametersCommand({ Names: [Name, '/none'], WithDecryption: true }));
  expect(answer.Parameters?.map((p) => p.Value)).toEqual(['a-secret']);
  expect(answer.InvalidParameters).toEqual(['/none']);
});

test('no value is written to stdout or stderr', async () => {
  const written = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')];
  await client.send(new GetParameterCommand({ Name, WithDecryption: true }));
  await client.send(new GetParameterCommand({ Name: '/none' })).catch(() => undefined);
  expect(JSON.stringify(written.map((w) => w.mock.calls))).not.toContain('a-secret');
  vi.restoreAllMocks();
});
