/**
 * Programs beyond Bun that some tests run: installed when they are missing, on a Debian machine
 * and as root. Anywhere else it is said which ones to install.
 */

/** The Debian package each program comes from. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ['strace', 'strace'],
  ['jq', 'jq'],
  ['iptables', 'iptables'],
  ['ip', 'iproute2'],
  ['etcd', 'etcd-server'],
  ['dockerd', 'docker.io'],
  ['docker', 'docker.io'],
  ['docker-compose', 'docker-compose'],
]);

/** What this module needs of the machine; the tests give it another one. */
export interface Machine {
  /** Where a program is, or null. */
  readonly which: (command: string) => string | null;
  readonly isRoot: boolean;
  /** Runs a command to its end, and gives its exit code. */
  readonly run: (command: readonly string[]) => Promise<number>;
}

/**
 * Sees to it that programs are there.
 *
 * @returns null, or one sentence that says what is missing and how to get it.
 */
export async function ensureCommands(
  commands: readonly string[],
  machine: Machine = thisMachine(),
): Promise<string | null> {
  const missing = commands.filter((command) => machine.which(command) === null);
  if (missing.length === 0) return null;
  const packages = [...new Set(missing.map((command) => PACKAGES.get(command) ?? command))];
  const how = `install ${packages.join(', ')} (as root: apt-get install ${packages.join(' ')})`;
  if (!machine.isRoot || machine.which('apt-get') === null) {
    return `${missing.join(', ')} missing: ${how}`;
  }
  // Its lists may be older than the mirror's packages, so they are always fetched first.
  await machine.run(['apt-get', ...QUIET, 'update']);
  const code = await machine.run(['apt-get', ...QUIET, 'install', ...INSTALL, ...packages]);
  const still = missing.filter((command) => machine.which(command) === null);
  if (still.length === 0) return null;
  return `${still.join(', ')} missing after apt-get ended with ${code}: ${how}`;
}

/** The PATH to run such programs with: tools of the administrator are not on everyone's. */
export function searchPath(): string {
  return `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`;
}

const QUIET = ['-qq', '-o', 'DPkg::Lock::Timeout=300'];
const INSTALL = ['-y', '--no-install-recommends'];

function thisMachine(): Machine {
  return {
    which: (command) => Bun.which(command, { PATH: searchPath() }),
    isRoot: process.getuid?.() === 0,
    run: async (command) => {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
      const child = Bun.spawn([...command], {
        env,
        stdin: 'ignore',
        stdout: 'ignore',
        stderr: 'inherit',
      });
      return await child.exited;
    },
  };
}
