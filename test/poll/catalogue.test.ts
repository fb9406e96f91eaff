import { describe, expect, it } from 'vitest';
import { CATALOGUE_COLUMNS, parseCatalogue, readCatalogue } from '../../lib/poll/catalogue.ts';
import { parseCsv } from '../../lib/poll/csv.ts';

const HEADER =
  'system_id,name,country,kind,url,time_zone,interval_s,stations,gbfs_version,licence,licence_url,attribution';
const GOOD = 'oslo,Oslo,NO,gbfs,https://a.example/gbfs.json,Europe/Oslo,60,260,3.0,NLOD 2.0,https://b.example,Oslo';
const FIELDS = GOOD.split(',');
const rowWith = (column: string, value: string) =>
  FIELDS.map((field, n) => (CATALOGUE_COLUMNS[n] === column ? value : field)).join(',');
const catalogue = (...rows: string[]) => parseCatalogue([HEADER, ...rows, ''].join('\n'));

describe('a catalogue', () => {
  it('is a list of systems', () => {
    expect(catalogue(GOOD)).toEqual([
      {
        system_id: 'oslo',
        name: 'Oslo',
        country: 'NO',
        kind: 'gbfs',
        url: 'https://a.example/gbfs.json',
        time_zone: 'Europe/Oslo',
        interval_s: 60,
        stations: 260,
        gbfs_version: '3.0',
        licence: 'NLOD 2.0',
        licence_url: 'https://b.example',
        attribution: 'Oslo',
      },
    ]);
  });

  it('may leave open what nobody knows', () => {
    expect(catalogue(rowWith('stations', ''))).toMatchObject([{ stations: null }]);
    expect(catalogue(rowWith('licence_url', ''))).toMatchObject([{ licence_url: null }]);
    expect(catalogue(rowWith('gbfs_version', ''))).toMatchObject([{ gbfs_version: null }]);
  });

  it.each([
    ['system_id', 'Oslo-City', 'use a to z, 0 to 9 and _, at most 40'],
    ['system_id', '', 'use a to z'],
    ['country', 'Norway', 'give the two capital letters of ISO 3166-1'],
    ['kind', 'GBFS', 'give seoul or gbfs'],
    ['url', 'ftp://a.example/x', 'give an http or https URL'],
    ['url', 'https://user:pass@a.example/x', 'give an http or https URL without user name'],
    ['url', 'a.example', 'give an http or https URL'],
    ['time_zone', 'Europe/Olso', 'give an IANA name, such as Asia/Seoul'],
    ['time_zone', '+01:00', 'give an IANA name'],
    ['interval_s', '30', 'give whole minutes that divide an hour'],
    ['interval_s', '420', 'give whole minutes'],
    ['interval_s', '5400', 'give whole minutes'],
    ['interval_s', '1e2', 'give whole minutes'],
    ['stations', '-1', 'give about how many there are'],
    ['gbfs_version', 'three', 'give a version such as 2.3'],
    ['licence', ' ', 'name the licence, or say: see operator'],
    ['attribution', '', 'say whom to name'],
  ])('with %s %j names line, field, value and remedy', (column, value, remedy) => {
    const place = `config/systems.csv, line 3, ${column} ${JSON.stringify(value)}: ${remedy}`;
    expect(() => catalogue(GOOD.replace('oslo', 'bergen'), rowWith(column, value))).toThrow(place);
  });

  it('tells all its faults at once', () => {
    expect(() => catalogue(rowWith('kind', 'x'), rowWith('country', 'x'))).toThrow(
      /line 2, kind.*line 3, country.*line 3, system_id "oslo"/s,
    );
  });

  it('with an id twice says where it is', () => {
    expect(() => catalogue(GOOD, GOOD)).toThrow(
      'config/systems.csv, line 3, system_id "oslo": line 2 has it already, choose another',
    );
  });

  it.each([
    ['another header', `${HEADER},more\n${GOOD}`, 'the first line must be: system_id,name'],
    ['a row too short', `${HEADER}\noslo,Oslo`, 'line 2: it has 2 fields instead of 12'],
    ['an open quote', `${HEADER}\n"oslo,Oslo`, 'line 2: a quote is opened and not closed'],
    ['nothing in it', '', 'the first line must be'],
  ])('with %s is refused', (_, text, message) => {
    expect(() => parseCatalogue(text)).toThrow(message);
  });

  it('that is not there is named', () => {
    expect(() => readCatalogue('config/none.csv')).toThrow("config/none.csv can't be read");
  });
});

describe('the committed catalogue', () => {
  const systems = readCatalogue();

  it('has Seoul and systems of several versions and continents, each with licence and attribution', () => {
    expect(systems.filter((s) => s.kind === 'seoul').map((s) => s.system_id)).toEqual(['seoul']);
    expect([...new Set(systems.map((s) => s.gbfs_version ?? 'none'))].sort()).toEqual([
      '1.0',
      '1.1',
      '2.2',
      '2.3',
      '3.0',
      'none',
    ]);
    expect([...new Set(systems.map((s) => s.country))].sort()).toEqual([
      'AR',
      'AT',
      'CA',
      'ES',
      'JP',
      'KR',
      'MX',
      'NO',
      'US',
    ]);
    expect(systems.every((s) => s.licence !== '' && s.attribution !== '')).toBe(true);
  });
});

describe('CSV', () => {
  it('keeps commas, quotes and line ends inside quotes, and takes both line ends', () => {
    expect(parseCsv('a,"b, ""c""\nd",\r\n\r\n"",e\n')).toEqual([
      { line: 1, values: ['a', 'b, "c"\nd', ''] },
      { line: 4, values: ['', 'e'] },
    ]);
    expect(parseCsv('\uFEFFa,b')).toEqual([{ line: 1, values: ['a', 'b'] }]);
  });

  it.each([
    ['a"b', 'line 1: a field with a quote in it stands in quotes'],
    ['x\n"a"b', 'line 2: after a closing quote comes a comma'],
  ])('%j is refused', (text, message) => {
    expect(() => parseCsv(text)).toThrow(message);
  });
});
