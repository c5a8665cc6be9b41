/**
 * THE CONTAINER ENGINE
 *
 * An engine that answers is used as it is. Otherwise one is started that leaves no trace: in its
 * own namespaces of network, mounts and processes, so that its bridges, firewall rules, mounts and
 * children end with it, and ports it publishes cannot meet anyone else's.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { searchPath } from '../../test/support/system-packages.ts';
import { attempt, run, until } from './shell.ts';

/** An engine of our own, until it is stopped. */
export interface Engine {
  /** What `docker` needs in its environment to reach it. */
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

export async function engineAnswers(): Promise<boolean> {
  const { code } = await attempt(['docker', 'version', '--format', '{{.Server.Version}}']);
  return code === 0;
}

/** Puts a command into namespaces of its own; they end, and all in them, when the command does. */
export function isolated(command: readonly string[]): string[] {
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];
  return ['unshare', ...namespaces, ...command];
}

/** Starts `dockerd` with everything it keeps under `folder`; from inside `isolated`. */
export async function startEngine(folder: string): Promise<Engine> {
  await run(['ip', 'link', 'set', 'lo', 'up']);
  const socket = `unix://${join(folder, 'docker.sock')}`;
  const log = join(folder, 'dockerd.log');
  await mkdir(folder, { recursive: true });
  const command = [
    'dockerd',
    `--host=${socket}`,
    `--data-root=${join(folder, 'data')}`,
    `--exec-root=${join(folder, 'exec')}`,
    `--pidfile=${join(folder, 'dockerd.pid')}`,
  ];
  const child = Bun.spawn(command, {
    env: { ...process.env, PATH: searchPath() },
    stdio: ['ignore', Bun.file(log), Bun.file(log)],
  });
  const env = { DOCKER_HOST: socket };
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await child.exited;
    clearTimeout(timer);
  };
  try {
    await until('dockerd answers', 60_000, async () => {
      if (child.exitCode !== null) return false;
      const { code } = await attempt(['docker', 'version'], env);
      return code === 0 ? true : null;
    });
    if (child.exitCode !== null) throw new Error(`dockerd ended with ${child.exitCode}`);
  } catch (error) {
    await stop();
    const said = (await Bun.file(log).text()).trim().split('\n').slice(-15).join('\n');
    throw new Error(`the engine does not start:\n${said}`, { cause: error });
  }
  return { env, stop };
}
