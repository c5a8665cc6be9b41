import { expect, test } from 'bun:test';
import { eachLine, type Exit, spawner } from '../../../src/cli/cluster/process.ts';

function run(script: string, onLine: (line: string) => void = () => undefined) {
  const spawn = spawner({ GREETING: 'hello' });
  return spawn([process.execPath, '-e', script], onLine);
}

test('lines come whole, however they arrive', async () => {
  const lines: string[] = [];
  const pieces = ['on', 'e\ntw', 'o\n\nthr\u00e9', 'e'].map((text) =>
    new TextEncoder().encode(text),
  );
  const split = pieces.flatMap((piece) => Array.from(piece, (byte) => Uint8Array.of(byte)));
  await eachLine(new Blob(split).stream(), (line) => lines.push(line));
  const dripping = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const byte of split) controller.enqueue(byte);
      controller.close();
    },
  });
  await eachLine(dripping, (line) => lines.push(line));
  expect(lines).toEqual(['one', 'two', '', 'thr\u00e9e', 'one', 'two', '', 'thr\u00e9e']);
});

test('all output is there when the process is gone', async () => {
  const lines: string[] = [];
  const script = 'console.error("e"); console.log(process.env.GREETING); process.exit(7)';
  const exit: Exit = await run(script, (line) => lines.push(line)).exited;
  expect(exit).toEqual({ code: 7, signal: null });
  expect(lines.toSorted()).toEqual(['e', 'hello']);
});

test('a signal is reported by its name', async () => {
  const child = run('setInterval(() => {}, 1000)');
  child.kill('SIGKILL');
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
});

test('the process has a group of its own, so that Ctrl-C does not reach it', async () => {
  const lines: string[] = [];
  const script = 'console.log(require("fs").readFileSync("/proc/self/stat","utf8").split(" ")[4])';
  const child = run(script, (line) => lines.push(line));
  await child.exited;
  expect(lines).toEqual([String(child.pid)]);
});
