import { expect } from 'vitest';
import { RejectedInput } from '../../../lib/errors.ts';
import type { ParseContext, ParsedDocument } from '../../../lib/poll/parse/document.ts';
import { parseStationInformation, parseStationStatus } from '../../../lib/poll/parse/document.ts';

/** 2026-11-21T01:00:00Z: when the documents of these tests are fetched. */
export const NOW_MS = 1_795_222_800_000;
export const NOW_S = 1_795_222_800;
export const CONTEXT: ParseContext = { system_id: 'city', slot_ms: NOW_MS, fetched_at_ms: NOW_MS };

/** A good station of GBFS 2.3, with some fields changed. */
export const station = (changed: Record<string, unknown> = {}): Record<string, unknown> => ({
  station_id: '12',
  num_bikes_available: 3,
  num_docks_available: 7,
  is_installed: true,
  is_renting: true,
  is_returning: true,
  last_reported: NOW_S - 60,
  ...changed,
});

export const bodyOf = (root: unknown): Buffer => Buffer.from(typeof root === 'string' ? root : JSON.stringify(root));

export const documentOf = (stations: unknown, root: Record<string, unknown> = {}): Buffer =>
  bodyOf({ last_updated: NOW_S, ttl: 60, version: '2.3', data: { stations }, ...root });

export const statusOf = (...stations: unknown[]): ParsedDocument => parseStationStatus(documentOf(stations), CONTEXT);
export const informationOf = (...stations: unknown[]): ParsedDocument =>
  parseStationInformation(documentOf(stations), CONTEXT);

/** The values of the only event of a document. */
export function only(document: ParsedDocument): Record<string, unknown> {
  expect(document.rejects).toEqual([]);
  expect(document.events).toHaveLength(1);
  return { ...document.events[0]?.values };
}

/** What became of a document, in short: ids of the events, reasons and places of the rejects. */
export const outcome = (document: ParsedDocument) => ({
  fetched: document.fetched,
  accepted: document.events.map((event) => event.values.station_id),
  rejected: document.rejects.map((reject) => `${reject.place} ${reject.reason}`),
  repeated: document.repeated,
});

/** The error that a call ends with, whatever its class. */
export function errorOf(call: () => unknown): Error & { reason?: string } {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error('the call did not throw');
}

/** The RejectedInput that a call ends with. */
export function rejectionOf(call: () => unknown): RejectedInput {
  const error = errorOf(call);
  expect(error).toBeInstanceOf(RejectedInput);
  return error as RejectedInput;
}
