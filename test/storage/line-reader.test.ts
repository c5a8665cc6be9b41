import { expect, test } from 'bun:test';
import { Prng } from '../../src/lib/prng.ts';
import { readLines, textOfLine } from '../../src/storage/line-reader.ts';
import { MemoryDisk } from '../../src/storage/memory-disk.ts';

/** Blocks are of 256 KiB: lines end within them, at their borders, and beyond the next. */
const BLOCK = 256 * 1024;

async function read(text: string) {
  const disk = new MemoryDisk();
  disk.place('log', Buffer.from(text));
  const file = await disk.open('log', 'read');
  const seen: Buffer[] = [];
  const lines: { offset: number; text: string; ended: boolean }[] = [];
  for await (const block of readLines(file, 'log', (bytes) => seen.push(Buffer.from(bytes)))) {
    for (const { offset, bytes, ended } of block) {
      lines.push({ offset, text: textOfLine(bytes), ended });
    }
  }
  expect(Buffer.concat(seen).toString()).toBe(text);
  return lines;
}

function expected(text: string) {
  let offset = 0;
  return text.split('\n').flatMap((line, at, all) => {
    const ended = at < all.length - 1;
    const found = { offset, text: line, ended };
    offset += line.length + 1;
    return ended || line !== '' ? [found] : [];
  });
}

test.each([
  ['nothing', ''],
  ['one line', 'a\n'],
  ['a line without an end', 'a\nb'],
  ['empty lines', '\n\n\n'],
  ['a newline that ends a block', `${'a'.repeat(BLOCK - 1)}\nb\n`],
  ['a newline that begins one', `${'a'.repeat(BLOCK)}\nb\n`],
  ['a line over three blocks', `a\n${'b'.repeat(3 * BLOCK)}\nc\nd`],
  ['a block without a newline at the end', `a\n${'b'.repeat(2 * BLOCK)}`],
])('%s', async (_, text) => {
  expect(await read(text)).toEqual(expected(text));
});

test('lines of any length are found where they stand', async () => {
  const prng = new Prng(7);
  for (let round = 0; round < 5; round += 1) {
    let text = '';
    while (text.length < 3 * BLOCK) {
      text += `${'x'.repeat(prng.between(0, prng.pick([3, 300, 200_000])))}\n`;
    }
    expect(await read(text)).toEqual(expected(text));
  }
});
