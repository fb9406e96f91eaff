import { createHash } from 'node:crypto';
import {
  GetEventSourceMappingCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionEventInvokeConfigCommand,
  GetPolicyCommand,
} from '@aws-sdk/client-lambda';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { textOf } from '../../local/template/text.ts';
import type { Clients } from '../clients.ts';
import { answered, type Reader, type Shown } from './reader.ts';

export const FUNCTION: Reader = {
  read: async (clients, { physical: FunctionName, properties }) => {
    const answer = await answered(clients.lambda.send(new GetFunctionCommand({ FunctionName })));
    if (answer?.Configuration === undefined) return undefined;
    const concurrency = await answered(clients.lambda.send(new GetFunctionConcurrencyCommand({ FunctionName })));
    return {
      ...answer.Configuration,
      Environment: { Variables: answer.Configuration.Environment?.Variables },
      KmsKeyArn: answer.Configuration.KMSKeyArn,
      ReservedConcurrentExecutions: concurrency?.ReservedConcurrentExecutions,
      Code: await codeOf(clients, properties.Code as Shown, answer.Configuration.CodeSha256),
    };
  },
};

/** The place that the template names, if what lies there is the code that the function has. */
async function codeOf({ s3 }: Clients, code: Shown, sha256: string | undefined): Promise<Shown | undefined> {
  const object = await answered(s3.send(new GetObjectCommand({ Bucket: code.S3Bucket, Key: code.S3Key })));
  const bytes = await object?.Body?.transformToByteArray();
  const isSame = bytes !== undefined && createHash('sha256').update(bytes).digest('base64') === sha256;
  return isSame ? code : undefined;
}

export const INVOKE_CONFIG: Reader = {
  read: async ({ lambda }, { properties }) => {
    const { FunctionName, Qualifier } = properties as { FunctionName: string; Qualifier: string };
    const answer = await answered(lambda.send(new GetFunctionEventInvokeConfigCommand({ FunctionName, Qualifier })));
    if (answer === undefined) return undefined;
    // It is named by the function's ARN, with the qualifier.
    const [name, qualifier] = answer.FunctionArn?.split(':').slice(6) ?? [];
    return { ...answer, FunctionName: name, Qualifier: qualifier ?? '$LATEST' };
  },
};

export const MAPPING: Reader = {
  read: async ({ lambda }, { physical: UUID }) => {
    const answer = await answered(lambda.send(new GetEventSourceMappingCommand({ UUID })));
    return answer && { ...answer, FunctionName: answer.FunctionArn, Enabled: answer.State === 'Enabled' };
  },
};

export const PERMISSION: Reader = {
  read: async ({ lambda }, { properties }) => {
    const FunctionName = textOf(properties.FunctionName);
    const answer = await answered(lambda.send(new GetPolicyCommand({ FunctionName })));
    const statements: Shown[] = answer?.Policy ? JSON.parse(answer.Policy).Statement : [];
    const own = statements.find((s) => s.Action === properties.Action && s.Principal?.Service === properties.Principal);
    return (
      own && {
        FunctionName: own.Resource,
        Action: own.Action,
        Principal: own.Principal?.Service,
        SourceArn: own.Condition?.ArnLike?.['AWS:SourceArn'],
        SourceAccount: own.Condition?.StringEquals?.['AWS:SourceAccount'],
      }
    );
  },
};
