type Fields = Readonly<Record<string, unknown>>;

/** Whether two values of plain data are equal; a field that is undefined is not there. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((one, i) => isSame(one, b[i]));
  }
  const [left, right] = [a as Fields, b as Fields];
  return (
    Object.keys(left).every((name) => isSame(left[name], right[name])) &&
    Object.keys(right).every((name) => right[name] === undefined || left[name] !== undefined)
  );
}
