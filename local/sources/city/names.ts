import { Random } from './random.ts';

/** Invented places. */
const PLACES: readonly (readonly [string, string])[] = [
  ['Alder', '오리나무'],
  ['Barley', '보리밭'],
  ['Candle', '촛불'],
  ['Dapple', '얼룩말'],
  ['Ember', '잔불'],
  ['Falcon', '새매'],
  ['Ginger', '생강골'],
  ['Heron', '왜가리'],
  ['Iris', '붓꽃'],
  ['Juniper', '노간주'],
  ['Kestrel', '황조롱이'],
  ['Lantern', '등불'],
  ['Maple', '단풍'],
  ['Nettle', '쐐기풀'],
  ['Orchard', '과수원'],
  ['Pebble', '조약돌'],
  ['Quill', '깃털'],
  ['Rowan', '마가목'],
  ['Saffron', '노을빛'],
  ['Thistle', '엉겅퀴'],
  ['Umber', '흙빛'],
  ['Velvet', '비단결'],
  ['Willow', '버드나무'],
  ['Yarrow', '톱풀'],
];
const SPOTS: readonly (readonly [string, string])[] = [
  ['Gate', '대문'],
  ['Market', '장터 앞'],
  ['Library', '도서관'],
  ['Square', '광장(동쪽)'],
  ['Mill', '방앗간'],
  ['Steps', '계단 아래'],
  ['Pool', '수영장 옆'],
  ['School', '학교 정문'],
  ['Bridge', '다리'],
  ['Yard', '마당'],
  ['Theatre', '극장 뒤'],
  ['Garden', '정원'],
  ['Station, Exit 1', '역 1번 출구'],
  ['Station, Exit 2', '역 2번 출구'],
];

/** As many different names as asked for, in English and Korean; numbered once the invented places run out. */
export function stationNames(seed: number, count: number): { readonly en: string; readonly ko: string }[] {
  const pairs = PLACES.flatMap((place) => SPOTS.map((spot) => [place, spot] as const));
  const random = new Random(seed, 2);
  for (let i = pairs.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [pairs[i], pairs[j]] = [pairs[j] as (typeof pairs)[0], pairs[i] as (typeof pairs)[0]];
  }
  return Array.from({ length: count }, (_, i) => {
    const [place, spot] = pairs[i % pairs.length] as (typeof pairs)[0];
    const round = Math.floor(i / pairs.length);
    const number = round === 0 ? '' : ` ${round + 1}`;
    return { en: `${place[0]} ${spot[0]}${number}`, ko: `${place[1]} ${spot[1]}${number}` };
  });
}
