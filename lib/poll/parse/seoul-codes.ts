import { FatalError, RejectedInput, TransientError } from '../../errors.ts';

/**
 * The codes of Seoul's open data host (portal page of OA-15493; feeds.md §1.4). They come with HTTP 200 always.
 * `next`: what a poll does about it. Our own words, never the response's: a gateway may echo the URL, and the key is in the URL.
 */
const CODES: Readonly<Record<string, { readonly next: 'fatal' | 'transient' | 'rejected'; readonly meaning: string }>> =
  {
    'INFO-100': {
      next: 'fatal',
      meaning:
        'the key is not valid. Store a valid one in the SSM parameter that SEOUL_KEY_PARAMETER names (keys: data.seoul.go.kr)',
    },
    'ERROR-300': { next: 'rejected', meaning: 'a required argument is missing in the URL' },
    'ERROR-301': { next: 'rejected', meaning: 'the type in the URL is missing or unknown' },
    'ERROR-310': { next: 'rejected', meaning: 'the host has no service of that name' },
    'ERROR-331': { next: 'rejected', meaning: 'the start index is not valid' },
    'ERROR-332': { next: 'rejected', meaning: 'the end index is not valid' },
    'ERROR-333': { next: 'rejected', meaning: 'an index is not a whole number' },
    'ERROR-334': { next: 'rejected', meaning: 'the end index lies before the start index' },
    'ERROR-335': { next: 'rejected', meaning: 'the sample key gives 5 rows at most: use a key of your own' },
    'ERROR-336': { next: 'rejected', meaning: 'more than 1,000 rows were asked for' },
    'ERROR-500': { next: 'transient', meaning: 'error of the server' },
    'ERROR-600': { next: 'transient', meaning: 'the server has no connection to its database' },
    'ERROR-601': { next: 'transient', meaning: 'the server made an error in its database query' },
  };

/** What a code says happens next, as an error: Fatal `invalid_key`, Transient or Rejected `seoul_error_<number>`, Rejected `seoul_unknown_code`. */
export function toSeoulError(code: string): Error {
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  if (known === undefined)
    return new RejectedInput(
      'poll',
      'seoul_unknown_code',
      `bikeList answered ${code}, a code that is not in its table`,
    );
  const message = `bikeList answered ${code}: ${known.meaning}`;
  if (known.next === 'fatal') return new FatalError('poll', 'invalid_key', message);
  const reason = code.toLowerCase().replace('-', '_');
  const StageError = known.next === 'transient' ? TransientError : RejectedInput;
  return new StageError('poll', `seoul_${reason}`, message);
}
