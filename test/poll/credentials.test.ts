import { afterEach, describe, expect, it, vi } from 'vitest';
import { defaultProvider } from '../../lib/aws-credentials.ts';

describe('credentials of a function', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('are those of its environment', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
    vi.stubEnv('AWS_SESSION_TOKEN', 'c');
    expect(await defaultProvider()()).toEqual({ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' });
    vi.stubEnv('AWS_SESSION_TOKEN', '');
    expect(await defaultProvider()()).toEqual({ accessKeyId: 'a', secretAccessKey: 'b' });
  });

  it('are missed by name', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', '');
    await expect(defaultProvider()()).rejects.toThrow('AWS_ACCESS_KEY_ID is not set');
  });
});
