/**
 * A STAND-IN FOR THE BASE IMAGE
 *
 * The Dockerfile builds on the official image of Bun. Where no registry of images is in reach, the
 * test builds on this instead: the Bun that runs the test, the few programs the Dockerfile calls,
 * the shared libraries they need, the official image's user, and Bun's cache filled with the
 * packages of the lockfile, so that the very same Dockerfile installs them without a network.
 */
import { chmod, copyFile, mkdir, realpath, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from './shell.ts';

const PROGRAMS = ['mkdir', 'chown', 'chmod'];
const USERS = ['root:x:0:0:root:/root:/bin/sh', 'bun:x:1000:1000::/home/bun:/bin/sh', ''];
const GROUPS = ['root:x:0:', 'bun:x:1000:', ''];

/** Writes the image's file system as a tar archive, for `docker import`; the archive's path. */
export async function buildStandIn(project: string, folder: string): Promise<string> {
  const root = join(folder, 'rootfs');
  for (const name of ['bin', 'lib', 'lib64', 'sbin']) {
    await mkdir(join(root, 'usr', name), { recursive: true });
    await symlink(`usr/${name}`, join(root, name));
  }
  for (const name of ['etc', 'root', 'tmp', 'home/bun', 'usr/local/bin']) {
    await mkdir(join(root, name), { recursive: true });
  }
  await chmod(join(root, 'tmp'), 0o1777);
  await Bun.write(join(root, 'etc/passwd'), USERS.join('\n'));
  await Bun.write(join(root, 'etc/group'), GROUPS.join('\n'));

  await install(root, process.execPath, '/usr/local/bin/bun');
  await install(root, '/bin/sh', '/bin/sh');
  for (const program of PROGRAMS) await install(root, program, `/bin/${program}`);
  await fillCache(project, join(folder, 'install'), join(root, 'root/.bun/install/cache'));

  const archive = join(folder, 'stand-in.tar');
  await run(['tar', '-C', root, '--owner=0', '--group=0', '--numeric-owner', '-cf', archive, '.']);
  return archive;
}

/** Copies a program and the libraries it is linked with. */
async function install(root: string, program: string, to: string): Promise<void> {
  const path = Bun.which(program);
  if (path === null) throw new Error(`${program} is not on this machine`);
  const from = await realpath(path);
  await copy(from, join(root, to));
  await chmod(join(root, to), 0o755);
  for (const library of await librariesOf(from)) {
    await copy(await realpath(library), join(root, library));
  }
}

async function librariesOf(program: string): Promise<string[]> {
  const listing = await run(['ldd', program]);
  return listing.split('\n').flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

async function fillCache(project: string, folder: string, cache: string): Promise<void> {
  for (const name of ['package.json', 'bun.lock', 'bunfig.toml']) {
    await copy(join(project, name), join(folder, name));
  }
  const install = ['install', '--production', '--frozen-lockfile', '--cwd', folder];
  const env = { BUN_INSTALL_CACHE_DIR: cache };
  await run([process.execPath, ...install], env, 5 * 60_000);
}
