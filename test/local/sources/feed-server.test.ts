import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FeedServer, startFeedServer } from '../../../local/sources/feed-server.ts';
import { fetchJson } from './fetch-json.ts';

let server: FeedServer;
beforeAll(async () => {
  server = await startFeedServer();
});
afterAll(() => server.close());

const statusUrl = async (system_id: string): Promise<string> => {
  const { version, data } = await fetchJson(server.url(system_id));
  expect(version).toBe('2.3');
  expect(data.en.feeds).toHaveLength(1);
  expect(data.en.feeds[0].name).toBe('station_status');
  return data.en.feeds[0].url;
};

test('shows the bytes that were set last, each system its own, without validators', async () => {
  const odd = Buffer.from('{"a": 1.0,\t"a":2e0, "é":"\\u00e9"}');
  server.show('one', Buffer.from('{}'), false);
  server.show('one', odd, false);
  server.show('two', Buffer.from('[2]'), false);
  const response = await fetch(await statusUrl('one'));
  expect(Buffer.from(await response.arrayBuffer())).toEqual(odd);
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect([response.headers.get('etag'), response.headers.get('last-modified')]).toEqual([null, null]);
  expect(await (await fetch(await statusUrl('two'))).text()).toBe('[2]');
});

test('what was no JSON comes as plain text, with status 200 and nothing added', async () => {
  server.show('raw', Buffer.from('404 Not Found'), true);
  const response = await fetch(await statusUrl('raw'));
  expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
    200,
    'text/plain; charset=utf-8',
    '404 Not Found',
  ]);
});

test('what was added is listed and served, in the system that it was added to alone', async () => {
  server.add('three', 'station_information', Buffer.from('{"data":{}}'));
  const { data } = await fetchJson(server.url('three'));
  expect(data.en.feeds.map(({ name }: { name: string }) => name)).toEqual(['station_status', 'station_information']);
  expect(await (await fetch(data.en.feeds[1].url)).text()).toBe('{"data":{}}');
  expect((await fetch(data.en.feeds[1].url.replace('three', 'one'))).status).toBe(404);
});

test('before anything is shown, and elsewhere: 404', async () => {
  expect((await fetch(await statusUrl('nothing_yet'))).status).toBe(404);
  expect((await fetch(server.url('one').replace('gbfs.json', 'free_bike_status.json'))).status).toBe(404);
});
