/** WHAT A PROCESS DID TO FILES, call by call, out of what strace wrote (`recordedFiles`). */

export interface FileCall {
  readonly name: string;
  /** As strace shows them, in its own escapes. */
  readonly args: string;
  /** All strings among them, decoded. */
  readonly strings: readonly Buffer[];
  /** Seconds of the wall clock. */
  readonly startedAt: number;
  /** Infinite when the process ended first. */
  readonly endedAt: number;
  /** Negative when it failed; null when it did not end. */
  readonly result: number | null;
}

const LINE = /^(\d+) +(\d+\.\d+) (.*)$/;
const UNFINISHED = ' <unfinished ...>';
const RESUMED = /^<\.\.\. (\w+) resumed>(.*)$/s;
const CALL = /^(\w+)\((.*)$/s;
const END = /^(.*)\) += (-?\d+)(?:<.*>)?(?: \w+ \(.*\))? <(\d+\.\d+)>$/s;

/** Complete calls in the order they ended, then those that never did. */
export function parseFileCalls(trace: string): FileCall[] {
  const calls: FileCall[] = [];
  const open = new Map<string, { name: string; args: string; startedAt: number }>();
  for (const line of trace.split('\n')) {
    const [, thread = '', time = '', text = ''] = LINE.exec(line) ?? [];
    const resumed = RESUMED.exec(text);
    const began = open.get(thread);
    if (resumed !== null) {
      if (began === undefined) continue;
      open.delete(thread);
      const whole = `${began.args}${resumed[2]}`;
      calls.push(ended(began.name, whole, began.startedAt, Number(time)));
      continue;
    }
    const call = CALL.exec(text);
    if (call === null) continue;
    const [, name = '', rest = ''] = call;
    const startedAt = Number(time);
    if (rest.endsWith(UNFINISHED)) {
      open.set(thread, { name, args: rest.slice(0, -UNFINISHED.length), startedAt });
    } else calls.push(ended(name, rest, startedAt, null));
  }
  const cut = [...open.values()].map((call): FileCall => {
    return cutOff(call.name, call.args, call.startedAt);
  });
  return [...calls.toSorted((a, b) => a.endedAt - b.endedAt), ...cut];
}

/** @param resumedAt when the second half of the line was written; null where it is whole */
function ended(name: string, rest: string, startedAt: number, resumedAt: number | null): FileCall {
  const end = END.exec(rest);
  // `= ?`: the process was ended in the middle of it.
  if (end === null) return cutOff(name, rest, startedAt);
  const [, args = '', result, took] = end;
  const endedAt = resumedAt ?? startedAt + Number(took);
  return { name, args, strings: stringsOf(args), startedAt, endedAt, result: Number(result) };
}

function cutOff(name: string, args: string, startedAt: number): FileCall {
  const endedAt = Number.POSITIVE_INFINITY;
  return { name, args, strings: stringsOf(args), startedAt, endedAt, result: null };
}

/** The file behind the descriptor that is the first argument (`-y`). */
export function descriptorPath({ args }: FileCall): string | null {
  return /^\d+<([^>]*)>/.exec(args)?.[1] ?? null;
}

function stringsOf(args: string): Buffer[] {
  return [...args.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, text = '']) => decode(text));
}

const BACKSLASH = 92;
const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, v: 11, f: 12 };

function decode(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    let byte = text.charCodeAt(at);
    if (byte === BACKSLASH) {
      const octal = /[0-7]{1,3}/y;
      octal.lastIndex = at + 1;
      const [digits] = octal.exec(text) ?? [];
      const next = text[at + 1] ?? '';
      byte =
        digits === undefined ? (ESCAPES[next] ?? next.charCodeAt(0)) : Number.parseInt(digits, 8);
      at += digits?.length ?? 1;
    }
    bytes[length] = byte;
    length += 1;
  }
  return bytes.subarray(0, length);
}
