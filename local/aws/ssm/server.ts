/** The embedded Parameter Store: reads of the parameters that it is given. Values stand in answers and nowhere else. */
import { AwsError } from '../error.ts';
import { type Faults, NO_FAULTS } from '../faults.ts';
import type { Endpoint } from '../http.ts';
import { type Handle, type Input, serveJson } from '../json.ts';
import { arnOf } from '../names.ts';

const BODY_BYTES = 1024 * 1024;
const MOST_NAMES = 10;

/** `parameters`: values by name, such as `/bikelake/dev/seoul-key`. All are SecureString. */
export function startSsm(
  parameters: Readonly<Record<string, string>>,
  port = 0,
  faults: Faults = NO_FAULTS,
): Promise<Endpoint> {
  return serveJson(
    {
      name: 'ssm',
      target: 'AmazonSSM',
      limit_bytes: BODY_BYTES,
      fault: 'InternalServerError',
      throttle: { code: 'ThrottlingException', status: 400 },
      handle: ssmOperations(parameters),
    },
    port,
    faults,
  );
}

export function ssmOperations(parameters: Readonly<Record<string, string>>): Handle {
  const find = (name: string, decrypted: boolean) => {
    const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    return value === undefined ? undefined : toParameter(name, value, decrypted);
  };
  return async (operation, input) => {
    const decrypted = input.WithDecryption === true;
    if (operation === 'GetParameter') {
      const name = parseName(input.Name);
      const found = find(name, decrypted);
      if (!found) throw new AwsError('ParameterNotFound', `Parameter ${name} not found.`);
      return { Parameter: found };
    }
    if (operation === 'GetParameters') {
      const names = parseNames(input);
      const found = names.map((name) => find(name, decrypted));
      return {
        Parameters: found.filter((parameter) => parameter !== undefined),
        InvalidParameters: names.filter((_, i) => found[i] === undefined),
      };
    }
    throw new AwsError('UnknownOperationException', `The embedded Parameter Store has no operation ${operation}`);
  };
}

/** Without decryption the service answers a SecureString's ciphertext: never the value. */
const toParameter = (name: string, value: string, decrypted: boolean) => ({
  Name: name,
  Type: 'SecureString',
  Value: decrypted ? value : 'ENCRYPTED',
  Version: 1,
  DataType: 'text',
  ARN: arnOf('ssm', `parameter/${name.replace(/^\//, '')}`),
});

function parseName(name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  throw new AwsError(
    'ValidationException',
    "1 validation error detected: Value at 'name' failed to satisfy constraint: Member must not be null",
  );
}

function parseNames(input: Input): string[] {
  const names = Array.isArray(input.Names) ? input.Names.map(parseName) : [];
  if (names.length > 0 && names.length <= MOST_NAMES) return names;
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length between 1 and ${MOST_NAMES}`,
  );
}
