import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';

/** The name of the execution, for `$$.Execution.Name`. */
export const RUN = 'run-1';

export type Definition = StateMachineDefinition;
// biome-ignore lint/suspicious/noExplicitAny: what a task is called with, asserted on and not computed with
export type Parameters = any;

/** What plays AWS: by the name of the task; the number of the call counts from 1. Throws what AWS would answer as an error. */
export type Aws = Readonly<Record<string, (parameters: Parameters, call: number) => unknown>>;

/** An error of AWS by its name in Step Functions, such as `Athena.TooManyRequestsException`. */
export class AwsError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

export interface Ran {
  /** The states in the order in which they were entered. */
  readonly states: readonly string[];
  readonly calls: readonly { readonly task: string; readonly parameters: Parameters }[];
  /** The name of the error that the execution failed with. */
  readonly error: string | null;
}

/** What a definition's text is for CloudFormation, with what it would put in. */
export function definitionFrom(text: string, substitutions: Readonly<Record<string, string>>): Definition {
  const replaced = text.replace(/\$\{(\w+)\}/g, (all, name: string) => substitutions[name] ?? all);
  return JSON.parse(replaced) as Definition;
}

/** Runs an execution by an interpreter of Amazon States Language that is not ours; waits and pauses between retries take no time. */
export async function runMachine(
  definition: Definition,
  aws: Aws,
  input: Parameters,
  { redrives = 0, startAt }: { readonly redrives?: number; readonly startAt?: string } = {},
): Promise<Ran> {
  const calls: { task: string; parameters: Parameters }[] = [];
  const counts = new Map<string, number>();
  const handlers = Object.fromEntries(
    Object.entries(aws).map(([task, answer]) => [
      task,
      async (parameters: Parameters) => {
        calls.push({ task, parameters });
        counts.set(task, (counts.get(task) ?? 0) + 1);
        return (await answer(parameters, counts.get(task) ?? 0)) as Parameters;
      },
    ]),
  );
  const names = [...Object.keys(definition.States), 'MakeView'];
  // From a state in the middle some states can't be reached: the definition as it is has been validated by then.
  const started = startAt === undefined ? definition : { ...definition, StartAt: startAt };
  const validationOptions = { noValidate: startAt !== undefined, checkPaths: false };
  const execution = new StateMachine(started, { validationOptions }).run(input, {
    overrides: {
      taskResourceLocalHandlers: handlers,
      waitTimeOverrides: Object.fromEntries(names.map((name) => [name, 0])),
      retryIntervalOverrides: Object.fromEntries(names.map((name) => [name, 0])),
    },
    context: {
      Execution: { Name: RUN, RedriveCount: redrives },
    },
  });
  const told = eventsOf(execution.eventLogs);
  await execution.result.catch(() => undefined); // the events say what it failed with
  return { ...(await told), calls };
}

type Events = ReturnType<StateMachine['run']>['eventLogs'];

/** A state of a Map stands once for each of its items. */
async function eventsOf(events: Events): Promise<Pick<Ran, 'states' | 'error'>> {
  const states: string[] = [];
  let error: string | null = null;
  for await (const event of events) {
    if (event.type === 'StateEntered') states.push(event.state.name);
    if (event.type === 'ExecutionFailed') error = event.Error;
  }
  return { states, error };
}
