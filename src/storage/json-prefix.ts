/**
 * BEGINNINGS OF JSON: whether a text could still become an object, by the grammar of RFC 8259
 * without the white space that nobody writes here. A text may end within a token, not break one.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
/** A number that something follows, and one that the end may have cut. */
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const CUT_NUMBER = /-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*|(?:\.[0-9]+)?[eE][+-]?[0-9]*)?)?$/y;
const WORDS = ['true', 'false', 'null'];

/** What may come next. */
type Due = 'value' | 'first-name' | 'name' | 'colon' | 'first-value' | 'comma';

/** Whether the text could still become an object, begins with a whole one, or does neither. */
export function jsonObjectEnd(text: string): 'open' | 'closed' | 'broken' {
  if (text !== '' && !text.startsWith('{')) return 'broken';
  const closers: string[] = [];
  let due: Due = 'value';
  let at = 0;
  while (at < text.length) {
    const char = text[at] ?? '';
    if (char === closers.at(-1) && mayClose(due)) {
      closers.pop();
      if (closers.length === 0) return 'closed';
      due = 'comma';
      at += 1;
    } else if (due === 'comma' || due === 'colon') {
      if (char !== (due === 'comma' ? ',' : ':')) return 'broken';
      due = due === 'comma' && closers.at(-1) === '}' ? 'name' : 'value';
      at += 1;
    } else if ((char === '{' || char === '[') && (due === 'value' || due === 'first-value')) {
      closers.push(char === '{' ? '}' : ']');
      due = char === '{' ? 'first-name' : 'first-value';
      at += 1;
    } else {
      const isName: boolean = due === 'name' || due === 'first-name';
      const length = isName ? stringLength(text, at) : scalarLength(text, at);
      if (length === 0) return 'broken';
      due = isName ? 'colon' : 'comma';
      at += length;
    }
  }
  return 'open';
}

function mayClose(due: Due): boolean {
  return due === 'comma' || due === 'first-name' || due === 'first-value';
}

/** Of a string, number or word, whole or cut by the end; 0 when there is none. */
function scalarLength(text: string, at: number): number {
  const rest = text.slice(at, at + 5);
  const word = WORDS.find(
    (one) => rest.startsWith(one) || (at + rest.length === text.length && one.startsWith(rest)),
  );
  if (word !== undefined) return Math.min(word.length, rest.length);
  const string = stringLength(text, at);
  if (string > 0) return string;
  return matched(CUT_NUMBER, text, at) || matched(NUMBER, text, at);
}

/** Values are long: one character after the other, as no regular expression does it. */
function stringLength(text: string, start: number): number {
  if (text.charCodeAt(start) !== QUOTE) return 0;
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1 - start;
    if (code < SPACE) return 0;
    const length = code === BACKSLASH ? escapeLength(text, at) : 1;
    if (length === 0) return 0;
    at += length;
  }
  return text.length - start;
}

/** Of an escape sequence, whole or cut by the end; 0 when it is none. */
function escapeLength(text: string, at: number): number {
  const sequence = text.slice(at, at + 6);
  if (sequence.length === 1 || '"\\/bfnrt'.includes(sequence[1] ?? '')) return 2;
  if (!/^\\u[0-9a-fA-F]*$/.test(sequence)) return 0;
  return sequence.length === 6 || at + sequence.length === text.length ? 6 : 0;
}

function matched(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}
