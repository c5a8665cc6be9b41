import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What jq read of one file; null where it could not. */
export interface JqView {
  readonly file: string;
  /** The JSON values in it. */
  readonly values: number | null;
}

/** Shows every file under a directory to jq. */
export function readWithJq(directory: string): JqView[] {
  const found = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => {
    const file = join(parentPath, name);
    const { exitCode, stdout } = Bun.spawnSync([
      'jq',
      '-n',
      'reduce inputs as $_ (0; . + 1)',
      file,
    ]);
    return { file, values: exitCode === 0 ? Number(stdout.toString()) : null };
  });
}
