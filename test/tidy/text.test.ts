import { expect, test } from 'bun:test';
import { show, type TextFile } from './source.ts';
import { columns, looseEnds, markdownTitle, registryLinks } from './text.ts';

const file = (text: string, path = 'src/a.ts'): TextFile => ({ path, text });

test('a line of 101 characters is too long, however many bytes it has', () => {
  expect(columns(file(`${'x'.repeat(100)}\n${'é'.repeat(100)}\n${'😀'.repeat(100)}\n`))).toEqual(
    [],
  );
  expect(show(columns(file(`short\n${'x'.repeat(101)}\n`)))).toEqual([
    'src/a.ts:2: longer than 100 columns: break the line',
  ]);
});

test('a loose end is found in code and comment, but not within a word', () => {
  expect(looseEnds(file('const todos = mastodonTODOs;\n'))).toEqual([]);
  for (const mark of ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X']) {
    expect(looseEnds(file(`ok\n// ${mark}: later\n`)).map((problem) => problem.line)).toEqual([2]);
  }
});

test('a link to a registry or a mirror is found, other links are not', () => {
  expect(
    registryLinks(file('see https://raft.github.io/raft.pdf and the package docker.io')),
  ).toEqual([]);
  const hosts = [
    'registry.example.org/a',
    'deb.example.org/debian',
    'www.npm' + 'js.com/package/a',
  ];
  for (const host of hosts) {
    expect(registryLinks(file(`https:/${'/'}${host}`))).toHaveLength(1);
  }
});

test('a page has exactly one title, on its first line', () => {
  const page = (text: string) => markdownTitle(file(text, 'README.md'));
  expect(page('# Title\n\n## Part\n\n```sh\n# a comment\n```\n')).toEqual([]);
  expect(page('Some words\n')).toHaveLength(1);
  expect(page('Some words\n\n# Title\n')).toHaveLength(1);
  expect(show(page('# Title\n\n# Another\n'))).toEqual([
    'README.md:3: 2 titles: a page begins with its only "# title"',
  ]);
});
