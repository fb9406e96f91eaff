import { GetWorkGroupCommand } from '@aws-sdk/client-athena';
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import type { Properties, Value } from '../../local/template/resolve.ts';
import { textOf } from '../../local/template/text.ts';
import { answered, documentOf, type Reader, type Shown } from './reader.ts';

export const STATE_MACHINE: Reader = {
  read: async ({ sfn }, { physical: stateMachineArn }) => {
    const answer = await answered(sfn.send(new DescribeStateMachineCommand({ stateMachineArn })));
    return (
      answer && {
        StateMachineName: answer.name,
        StateMachineType: answer.type,
        RoleArn: answer.roleArn,
        Definition: documentOf(answer.definition),
        LoggingConfiguration: capitals(answer.loggingConfiguration as Value | undefined),
        TracingConfiguration: capitals(answer.tracingConfiguration as Value | undefined),
      }
    );
  },
  form: ({ DefinitionString, DefinitionSubstitutions, Definition, ...properties }: Properties) => {
    let text = DefinitionString === undefined ? JSON.stringify(Definition) : textOf(DefinitionString);
    for (const [name, value] of Object.entries((DefinitionSubstitutions ?? {}) as Shown)) {
      text = text.replaceAll(`\${${name}}`, JSON.stringify(String(value)).slice(1, -1));
    }
    return { ...properties, Definition: JSON.parse(text) };
  },
};

/** The API's names begin with a small letter, those of CloudFormation with a capital one. */
function capitals(value: Value | undefined): Value | undefined {
  if (Array.isArray(value)) return value.map((v) => capitals(v) as Value);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, v]) => [
      `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`,
      capitals(v) as Value,
    ]),
  );
}

export const WORK_GROUP: Reader = {
  unreadable: { RecursiveDeleteOption: 'it tells CloudFormation how to delete the group' },
  read: async ({ athena }, { physical: WorkGroup }) => {
    const group = (await answered(athena.send(new GetWorkGroupCommand({ WorkGroup }))))?.WorkGroup;
    return group && { ...group, WorkGroupConfiguration: group.Configuration };
  },
};
