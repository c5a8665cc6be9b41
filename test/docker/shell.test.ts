import { expect, test } from 'bun:test';
import { attempt, run, until } from '../../docker/support/shell.ts';

test('a command gives its output, and what went wrong only when it did', async () => {
  const script = 'echo out; echo "$WORD" >&2; exit "$CODE"';
  const sh = ['sh', '-c', script];
  expect(await attempt(sh, { CODE: '0', WORD: 'why' })).toEqual({ code: 0, output: 'out\n' });
  expect(await attempt(sh, { CODE: '3', WORD: 'why' })).toEqual({ code: 3, output: 'out\nwhy\n' });
  expect(await run(sh, { CODE: '0', WORD: 'why' })).toBe('out');
  await expect(run(sh, { CODE: '3', WORD: 'why' })).rejects.toThrow('ended with 3:\nout\nwhy');
});

test('a command that hangs is ended', async () => {
  const { code } = await attempt(['sleep', '60'], {}, 50);
  expect(code).not.toBe(0);
});

test('asking ends with the first answer, or with the reason of the last failure', async () => {
  let asked = 0;
  const answer = await until('three', 5000, () => Promise.resolve(++asked === 3 ? 'yes' : null));
  expect([answer, asked]).toEqual(['yes', 3]);
  const never = until('the impossible', 150, () => Promise.reject(new Error('refused')));
  await expect(never).rejects.toThrow('not within 150 ms: the impossible (Error: refused)');
});
