import { writeSync } from 'node:fs';
import { lockDirectory } from '../../src/storage/lock.ts';

/** Takes the directory, starts a child of its own, says so, and waits to be killed. */
lockDirectory(process.argv[2] ?? '', process.pid);
const grandchild = Bun.spawn(['sleep', '60'], { stdout: 'ignore' });
writeSync(1, `${grandchild.pid}\n`);
setInterval(() => undefined, 1000);
