import type { Problem, TextFile } from './source.ts';

const COLUMNS = 100;
// Written so that this file does not contain what it looks for.
const LOOSE_END = /\b(?:FIXM[E]|TOD[O]|XX[X])\b/;
const REGISTRY = /\/\/(?:(?:registry|deb|security)\.|[\w.-]*(?:npm[j]s\.com|yarn[p]kg\.com))/;

/** No line is longer than 100 characters. */
export function columns(file: TextFile): Problem[] {
  return linesWhere(
    file,
    (line) => line.length > COLUMNS && Array.from(line).length > COLUMNS,
    `longer than ${COLUMNS} columns: break the line`,
  );
}

/** What is left to do is done, or it is in the tracker: not in a comment. */
export function looseEnds(file: TextFile): Problem[] {
  return linesWhere(file, (line) => LOOSE_END.test(line), 'a loose end: do it now or drop it');
}

/** No address of a package registry or mirror: which one is used is the machine's business. */
export function registryLinks(file: TextFile): Problem[] {
  return linesWhere(file, (line) => REGISTRY.test(line), 'a link to a registry: name the package');
}

/** A page of documentation has exactly one title, on its first line. */
export function markdownTitle(file: TextFile): Problem[] {
  const titles = headings(file.text).filter((heading) => heading.level === 1);
  if (titles.length === 1 && titles[0]?.line === 1) return [];
  const line = titles[1]?.line ?? titles[0]?.line ?? 1;
  const message = `${titles.length} titles: a page begins with its only "# title"`;
  return [{ path: file.path, line, message }];
}

interface Heading {
  readonly level: number;
  readonly line: number;
}

/** The headings of a page; a `#` within a fenced block of code is none. */
function headings(text: string): Heading[] {
  const found: Heading[] = [];
  let fenced = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(?:```|~~~)/.test(line)) fenced = !fenced;
    const marks = fenced ? undefined : /^(#+)\s/.exec(line)?.[1];
    if (marks !== undefined) found.push({ level: marks.length, line: index + 1 });
  }
  return found;
}

function linesWhere(file: TextFile, bad: (line: string) => boolean, message: string): Problem[] {
  return file.text
    .split('\n')
    .flatMap((line, index) => (bad(line) ? [{ path: file.path, line: index + 1, message }] : []));
}
