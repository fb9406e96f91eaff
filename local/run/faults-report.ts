import type { Injected } from '../aws/faults/injector.ts';
import type { RunResult } from './run.ts';

const n = (value: number): string => value.toLocaleString('en-US');

/** What was made to go wrong, by place and kind, and what it took to come through; nothing for a run without faults. */
export function faultLines({ faults, figures }: RunResult): string[] {
  if (faults === null) return [];
  const { injected, calls, seed, failed_invocations, unmet, warnings } = faults;
  const ended = countOf(injected, 'lambda.', ['killed', 'timeout']);
  const failed = Object.entries(failed_invocations).filter(([, errors]) => errors > 0);
  const invocations = failed.map(([name, errors]) => `${name} ${n(errors)}`).join(', ') || 'none';
  return [
    `faults  ${n(injected.reduce((sum, { count }) => sum + count, 0))} in ${n(calls)} calls (seed ${seed})`,
    ...[...Map.groupBy(injected, ({ place }) => place)].map(([place, kinds]) => placeLine(place, kinds)),
    `        invocations that failed and were tried again: ${invocations}; ${n(ended)} environments ended`,
    `        ${n(figures.bronze_rows - figures.bronze_distinct)} duplicate rows in Bronze; ${n(figures.duplicate)} duplicate events that Silver passed over`,
    ...(warnings === 0
      ? []
      : [`        ${n(warnings)} warnings of the services: logs/warnings.log in the state folder`]),
    ...unmet.map((rule) => `        no call has met ${rule}`),
  ];
}

const placeLine = (place: string, kinds: readonly Injected[]): string =>
  `        ${place}  ${kinds.map(({ kind, count }) => `${kind} ${n(count)}`).join(', ')}`;

const countOf = (injected: readonly Injected[], service: string, kinds: readonly string[]): number =>
  injected
    .filter(({ place, kind }) => place.startsWith(service) && kinds.includes(kind))
    .reduce((sum, { count }) => sum + count, 0);
