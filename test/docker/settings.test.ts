/** What the Dockerfile and the Compose file say to the server is something it starts with. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataDirOf, readNodeSettings, resolveConfig } from '../../src/cli/resolve-config.ts';
import { must } from '../../src/lib/assert.ts';

const read = (path: string): string =>
  readFileSync(join(import.meta.dir, '../../docker', path), 'utf8');

const DOCKERFILE = read('Dockerfile');

function configOf(environment: Readonly<Record<string, string>>) {
  const settings = readNodeSettings({}, environment);
  const dataDir = must(dataDirOf(settings), 'a data directory');
  return resolveConfig(settings, { dataDir, stored: null, freePort: 1, readText: () => '' });
}

/** The variables in a text, wherever `NAME=value` stands. */
function variablesIn(text: string): Record<string, string> {
  const found = text.matchAll(/\b(ABCD_\w+)=(\S+)/g);
  return Object.fromEntries([...found].map(([, name = '', value = '']) => [name, value]));
}

const image = variablesIn(must(/^ENV .*$/m.exec(DOCKERFILE)?.[0], 'an ENV line'));

test('the line with which the Dockerfile says how to run the image', () => {
  const comment = DOCKERFILE.replaceAll('\\\n# ', '');
  const line = must(/^# +docker run .*$/m.exec(comment)?.[0], 'a docker run line');
  const config = configOf({ ...image, ...variablesIn(line) });
  expect(config).toMatchObject({ url: 'http://127.0.0.1:8080', port: 8080, dataDir: '/data' });
  expect(config).toMatchObject({ cluster: null, join: null });
});

test.each(['n1', 'n2', 'n3'])('the Compose file for %s', (name) => {
  // As Compose does: a variable that is not set has its default.
  const text = read('compose.yml').replace(/\$\{\w+:-([^}]*)\}/g, '$1');
  const { services } = Bun.YAML.parse(text) as { services: Record<string, Service> };
  const { environment, networks } = must(services[name], name);
  const config = configOf({ ...image, ...environment });
  expect(config.name).toBe(name);
  expect(config.url).toBe(`http://${networks.cluster.ipv4_address}:8080`);
  expect(config.cluster?.find((member) => member.name === name)?.url).toBe(config.url);
  expect(config.cluster).toHaveLength(Object.keys(services).length);
});

interface Service {
  readonly environment: Readonly<Record<string, string>>;
  readonly networks: { readonly cluster: { readonly ipv4_address: string } };
}
