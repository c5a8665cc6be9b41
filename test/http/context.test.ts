import { describe, expect, test } from 'bun:test';
import { RequestContexts } from '../../src/http/context.ts';
import { Correlations } from '../../src/http/correlations.ts';

describe('a long timeout', () => {
  const contexts = new RequestContexts({ now: () => 0 }, new Correlations());
  const secondsFor = (timeout: string | null): number[] => {
    const seconds: number[] = [];
    const server = { timeout: (_request: Request, value: number) => void seconds.push(value) };
    const headers: Record<string, string> = timeout === null ? {} : { 'abcd-timeout': timeout };
    contexts.read(new Request('http://n1/', { headers }), server);
    return seconds;
  };

  test('keeps the connection open for longer than it', () => {
    expect(secondsFor('30s')).toEqual([35]);
    expect(secondsFor('60s')).toEqual([65]);
    expect(secondsFor('5001ms')).toEqual([11]);
  });

  test('is the exception: the others leave the connection as it is', () => {
    expect(secondsFor(null)).toEqual([]);
    expect(secondsFor('5s')).toEqual([]);
  });
});

describe('the context', () => {
  test('survives being copied, its signal with it', () => {
    const gone = new AbortController();
    const request = new Request('http://n1/', { signal: gone.signal });
    const copy = {
      ...new RequestContexts({ now: () => 0 }, new Correlations()).write(request, null),
      deadline: 5,
    };
    expect(copy).toMatchObject({ deadline: 5, requestId: null });
    gone.abort();
    expect(copy.signal?.aborted).toBe(true);
  });
});
