import type { Answer } from './connection.ts';
import type { Ledger } from './ledger.ts';
import type { Finding } from './ledger-finding.ts';
import { toTable } from './show.ts';

const WIDTH = 120;
/** Wider cells are cut, so that a row stays one line. */
const CELL = 34;

/** The ledger for a terminal of 120 columns: a table for each hop, then what was found, then the polls and changes behind it. */
export function ledgerText(ledger: Ledger): string {
  const { findings, odd_polls, odd_changes } = ledger;
  const wrong = findings.filter(({ level }) => level === 'finding').length;
  return [
    titled('polls: what the interval asks for, and what the receipts say', ledger.polls),
    titled('poll → Bronze: fetched = accepted + rejected + repeated; accepted = events', ledger.bronze),
    titled('Bronze → Silver: lines = fresh + unchanged + duplicate + late + given_up + pending', ledger.lanes),
    titled('Silver and settled: changes of Bronze against changes in the log', ledger.settled),
    ...findings.map(findingText),
    ...odd_polls.map(
      (p) =>
        `poll ${p.slot} ${p.system_id} ${p.feed}: ${p.status === null ? 'no receipt' : `${p.status}, ${p.fetched} fetched = ${p.accepted} accepted + ${p.rejected} rejected + ${p.repeated} repeated`}; ${p.bronze_events} in Bronze\n${p.objects.map((key) => `        ${key}`).join('\n') || '        no object holds anything of it'}`,
    ),
    ...odd_changes.map(
      (c) =>
        `change ${c.slot} ${c.system_id} ${c.station_id} ${c.kind} ${c.content_hash}: ${c.side === 'missing' ? 'settled, not in the log' : `in the log, not settled\n        ${c.object}`}`,
    ),
    wrong === 0
      ? 'balanced: every count agrees, every file is whole, every chain is complete'
      : `NOT BALANCED: ${wrong} ${wrong === 1 ? 'finding' : 'findings'}`,
  ].join('\n');
}

function titled(title: string, answer: Answer): string {
  const cut = answer.rows.map((row) =>
    row.map((v) => (typeof v === 'string' && v.length > CELL ? `${v.slice(0, CELL - 1)}…` : v)),
  );
  return `${title}\n${toTable({ ...answer, rows: cut })}`;
}

function findingText({ level, reason, key, message, remedy }: Finding): string {
  const lead = level === 'finding' ? 'WRONG' : 'note ';
  const head = `${lead} ${reason}${key === null ? '' : `  ${key}`}`;
  return [head, ...wrapped(message), ...wrapped(`→ ${remedy}`)].join('\n');
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 9 <= WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => `        ${line}`);
}
