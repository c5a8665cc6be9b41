import { jsonObjectEnd } from './json-prefix.ts';
import { decodeLine, LINE_START } from './wal-line.ts';

/**
 * Whether the bytes after the last newline are what a killed process leaves: the beginning of the
 * line that was due there, and nothing else. Zeros, garbage, or a whole line with something other
 * than a newline behind it are not.
 */
export function isCleanPrefix(bytes: Uint8Array, prev: string, batch: number): boolean {
  const text = Buffer.from(bytes).toString('latin1');
  const crcEnd = LINE_START.length + 8;
  if (!startsLike(text.slice(0, LINE_START.length), LINE_START)) return false;
  if (!/^[0-9a-f]*$/.test(text.slice(LINE_START.length, crcEnd))) return false;
  if (!startsLike(text.slice(crcEnd), `","prev":"${prev}","batch":${batch},`)) return false;
  if (!isCutUtf8(bytes)) return false;
  switch (jsonObjectEnd(text)) {
    case 'open':
      return true;
    case 'closed':
      return decodeLine(bytes).type === 'line';
    case 'broken':
      return false;
  }
}

/** Whether one text is a beginning of the other. */
function startsLike(text: string, expected: string): boolean {
  return text.length < expected.length ? expected.startsWith(text) : text.startsWith(expected);
}

/** Whether the bytes are UTF-8, but for a last character that may be cut. */
function isCutUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
