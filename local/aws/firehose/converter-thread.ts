/** The thread that reads the transform's answers and writes the file of a delivery: neither costs the main thread anything. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Added, ConverterSetup, FromConverter, RecordFailure, ToConverter } from './converter-protocol.ts';
import { ParquetSink } from './parquet-sink.ts';
import { PlainSink, type Sink } from './sink.ts';
import { toTransformed } from './transform-answer.ts';

const setup = workerData as ConverterSetup;
let sink: Sink | undefined;

parentPort?.on('message', (message: ToConverter) => {
  let answer: FromConverter;
  try {
    answer = respond(message);
  } catch (error) {
    abandon();
    answer = { id: message.id, error: (error as Error).message };
  }
  parentPort?.postMessage(answer);
});

function respond(message: ToConverter): FromConverter {
  switch (message.kind) {
    case 'answer':
      return { id: message.id, added: addAnswer(message.answer, message.record_ids, message.path) };
    case 'bodies':
      return {
        id: message.id,
        added: addBodies(
          message.bodies.map((body) => Buffer.from(body)),
          message.path,
        ),
      };
    case 'finish': {
      const finished = sink?.finish() ?? null;
      sink = undefined;
      return { id: message.id, finished };
    }
    case 'abandon':
      abandon();
      return { id: message.id, finished: null };
  }
}

function abandon(): void {
  const open = sink;
  sink = undefined;
  open?.abandon();
}

function addAnswer(answer: Uint8Array, record_ids: readonly string[], path: string): Added {
  const failures: RecordFailure[] = [];
  let bytes = 0;
  for (const [index, transformed] of toTransformed(answer, record_ids).entries()) {
    if (transformed.result === 'Failed') {
      const { code, message } = transformed;
      failures.push({ index, output: 'processing-failed', code, message, raw: null });
    } else if (transformed.result === 'Ok') {
      bytes += transformed.body.length;
      failures.push(...addRecord(index, transformed.body, path));
    }
  }
  return { bytes, failures };
}

function addBodies(bodies: readonly Buffer[], path: string): Added {
  const failures = bodies.flatMap((body, index) => addRecord(index, body, path));
  return { bytes: bodies.reduce((sum, body) => sum + body.length, 0), failures };
}

function addRecord(index: number, body: Buffer, path: string): RecordFailure[] {
  sink ??= openSink(path);
  return sink.add(body).map((rejected) => ({ index, output: 'format-conversion-failed', ...rejected }));
}

function openSink(path: string): Sink {
  const { table, conversion, compression, delimiter } = setup;
  return table && conversion ? new ParquetSink(path, table, conversion) : new PlainSink(path, compression, delimiter);
}
