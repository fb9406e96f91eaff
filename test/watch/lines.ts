import { vi } from 'vitest';

/** What is written to stdout while `work` runs, as parsed lines of JSON: Powertools writes past the console that Lambda replaces. */
export async function linesOf(work: () => unknown): Promise<Array<Record<string, unknown>>> {
  let text = '';
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** `stage/name` of the metrics in a line of the embedded metric format. */
export function metricsIn(line: Record<string, unknown>): string[] {
  const { _aws, stage } = line as { stage: string; _aws?: { CloudWatchMetrics: { Metrics: { Name: string }[] }[] } };
  return (_aws?.CloudWatchMetrics ?? []).flatMap(({ Metrics }) => Metrics.map(({ Name }) => `${stage}/${Name}`));
}
