import { expect, test } from 'bun:test';
import { unreached } from './reach.ts';
import { parseSources, type TextFile } from './source.ts';

async function dead(code: Record<string, string>, texts: Record<string, string>) {
  const files = (from: Record<string, string>): TextFile[] =>
    Object.entries(from).map(([path, text]) => ({ path, text }));
  const problems = unreached(await parseSources(files(code)), files(texts));
  return problems.map((problem) => problem.path);
}

test('a file is reached from the entry, a test, a string or a page', async () => {
  const code = {
    'src/index.ts': "import './a.ts'; import page from './ui/page.html';",
    'src/a.ts': "new Worker(new URL('./worker.ts', import.meta.url));",
    'src/worker.ts': '',
    'src/assets.d.ts': '',
    'src/ui/main.ts': '',
    'test/a.test.ts': "import './support/help.ts'; spawn('test/support/child.ts');",
    'test/support/help.ts': '',
    'test/support/child.ts': '',
    'test/bench/run.ts': '',
    'test/support/runner.ts': '',
  };
  const texts = {
    'src/ui/page.html': '<link href="./style.css"><script src="./main.ts"></script>',
    'src/ui/style.css': '',
    'README.md': '`bun run test/bench/run.ts`',
    'package.json': '{"scripts":{"test":"bun test/support/runner.ts"}}',
  };
  expect(await dead(code, texts)).toEqual([]);
});

test('files that only reach each other, or themselves, are dead', async () => {
  const code = {
    'src/index.ts': '',
    'src/a.ts': "import './b.ts';",
    'src/b.ts': "import './a.ts';",
    'src/c.ts': "import './c.ts';",
  };
  const texts = { 'src/ui/page.html': '' };
  expect(await dead(code, texts)).toEqual(['src/a.ts', 'src/b.ts', 'src/c.ts', 'src/ui/page.html']);
});
