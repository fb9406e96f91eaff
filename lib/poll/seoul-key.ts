import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { SeoulKey } from './seoul.ts';

/** The key in an SSM SecureString: read when it is first asked for, kept until it is refused. */
export function ssmSeoulKey(client: SSMClient, parameter: () => string): SeoulKey {
  let kept: Promise<string> | null = null;
  const read = async () => {
    const answer = await client.send(new GetParameterCommand({ Name: parameter(), WithDecryption: true }));
    const key = answer.Parameter?.Value?.trim();
    if (!key) throw new Error(`the SSM parameter ${parameter()} is empty`);
    return key;
  };
  return {
    read: () => {
      kept ??= read().catch((error: unknown) => {
        kept = null;
        throw error;
      });
      return kept;
    },
    forget: () => {
      kept = null;
    },
  };
}
