/**
 * Looks again and again until there is something to return.
 *
 * @throws Error naming what was waited for, when it does not come in time.
 */
export async function until<T>(
  what: string | (() => string),
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  timeoutMs = 15_000,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > end) {
      const text = typeof what === 'string' ? what : what();
      throw new Error(`not within ${timeoutMs} ms: ${text}`);
    }
    await Bun.sleep(20);
  }
}
