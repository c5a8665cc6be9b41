import { attempt, run } from './shell.ts';

type Environment = Readonly<Record<string, string>>;

const PATH = 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Loads the stand-in into the engine. Images built on it inherit its label, named ones or not. */
export async function importBase(archive: string, name: string, env: Environment): Promise<void> {
  const changes = ['--change', PATH, '--change', `LABEL ${labelOf(name)}`];
  await run(['docker', 'import', ...changes, archive, name], env, 5 * 60_000);
}

/** Removes the stand-in, and what a build left unnamed on top of it. */
export async function removeBase(name: string, env: Environment): Promise<void> {
  const left = ['--force', '--filter', `label=${labelOf(name)}`];
  await attempt(['docker', 'image', 'prune', ...left], env);
  await attempt(['docker', 'image', 'rm', '--force', name], env);
}

function labelOf(name: string): string {
  return `abcd.test.base=${name}`;
}
