import { describe, expect, test } from 'bun:test';
import { type Config, NODE_SETTINGS } from '../src/config.ts';
import {
  dataDirOf,
  readNodeSettings,
  resolveConfig,
  type Surroundings,
} from '../src/cli/resolve-config.ts';
import { nodeLimitsOf } from '../src/cli/node-process.ts';
import { DEFAULT_HTTP_LIMITS, httpConfigOf } from '../src/http/config.ts';
import {
  ConfigError,
  type Environment,
  type FlagValues,
  flagOf,
  variableOf,
} from '../src/lib/settings.ts';
import { DEFAULT_LIMITS } from '../src/node/options.ts';

const CLUSTER = 'n1=http://10.0.0.1:8080,n2=http://10.0.0.2:8081';

function configOf(
  flags: FlagValues,
  around: Partial<Surroundings> = {},
  environment: Environment = {},
): Config {
  const settings = readNodeSettings(flags, environment);
  const readText = () => 'from the file\n';
  return resolveConfig(settings, {
    dataDir: 'd',
    stored: null,
    freePort: 5000,
    readText,
    ...around,
  });
}

function errorOf(flags: FlagValues, environment: Environment = {}): string {
  try {
    configOf(flags, {}, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'no error';
}

describe('the table of settings', () => {
  test('every default is a value of its own setting', () => {
    for (const [key, { parse, fallback, fallbackText }] of Object.entries(NODE_SETTINGS)) {
      if (fallbackText !== '') expect([key, parse(fallbackText)]).toEqual([key, fallback]);
    }
  });

  test('flags and variables follow from the key', () => {
    expect(flagOf('snapshotWalBytes')).toBe('--snapshot-wal-bytes');
    expect(variableOf('snapshotWalBytes')).toBe('ABCD_SNAPSHOT_WAL_BYTES');
  });

  test('the defaults agree with those of the parts they go to', () => {
    const { snapshotWalBytes, reserveBytes, keyBytes, valueBytes, requestBytes } = configOf({});
    const { snapshotWalBytes: wal, reserveBytes: reserve } = DEFAULT_LIMITS;
    expect([snapshotWalBytes, reserveBytes]).toEqual([wal, reserve]);
    const { keyBytes: key, valueBytes: value, requestBytes: request } = DEFAULT_HTTP_LIMITS;
    expect([keyBytes, valueBytes, requestBytes]).toEqual([key, value, request]);
  });
});

describe('where values come from', () => {
  test('flags win over the environment, that over memory, that over the default', () => {
    const stored = { heartbeat: '30ms', port: '1' };
    const environment = { ABCD_HEARTBEAT: '20ms' };
    expect(configOf({}).heartbeatMs).toBe(100);
    expect(configOf({}, { stored }).heartbeatMs).toBe(30);
    expect(configOf({}, { stored }, environment).heartbeatMs).toBe(20);
    expect(configOf({ heartbeat: '10ms' }, { stored }, environment).heartbeatMs).toBe(10);
  });

  test('an empty variable counts as not set, and a switch takes true and false', () => {
    expect(configOf({}, {}, { ABCD_HEARTBEAT: '' }).heartbeatMs).toBe(100);
    expect(configOf({}, {}, { ABCD_ENABLE_FAULTS: 'true' }).enableFaults).toBe(true);
    expect(configOf({}, {}, { ABCD_ENABLE_FAULTS: '0' }).enableFaults).toBe(false);
    expect(configOf({ enableFaults: true }).enableFaults).toBe(true);
  });

  test('what is remembered brings the same node back', () => {
    const flags = {
      port: '9000',
      name: 'a',
      heartbeat: '50ms',
      advertiseUrl: 'http://10.0.0.7:80',
    };
    const first = configOf(flags);
    const second = configOf({}, { stored: first.remembered });
    expect(second).toEqual(first);
    expect(second.url).toBe('http://10.0.0.7');
  });

  test('secrets and permissions are never remembered', () => {
    const flags = {
      clusterSecret: 's3cret',
      insecure: true,
      enableFaults: true,
      forceRecovered: true,
    };
    const keys = Object.keys(configOf(flags).remembered);
    expect(keys.toSorted()).toEqual(['advertiseUrl', 'host', 'join', 'name', 'port']);
  });

  test('a configuration cannot be changed', () => {
    const config = configOf({});
    expect([config, config.log, config.remembered].map(Object.isFrozen)).toEqual([
      true,
      true,
      true,
    ]);
  });
});

describe('refusals name the flag and the value', () => {
  test.each([
    [{ port: '70000' }, '--port "70000" is not a whole number from 0 to 65535'],
    [{ port: '-1' }, '--port "-1" is not a whole number from 0 to 65535'],
    [{ heartbeat: '100' }, '--heartbeat "100" is not a duration from 10ms to 10s'],
    [{ heartbeat: '5ms' }, '--heartbeat "5ms" is not a duration from 10ms to 10s'],
    [{ join: 'n1:8080' }, '--join "n1:8080" is not a base URL such as http://10.0.0.1:8080'],
    [{ name: '../x' }, '--name "../x" is not a name'],
    [{ logLevel: 'loud' }, '--log-level "loud" is not one of trace, debug'],
    [
      { valueBytes: '2MiB' },
      '--value-bytes "2MiB" is more than a request may hold, which is 1536KiB',
    ],
    [{ election: '100ms' }, '--election "100ms" must be longer than the heartbeat, which is 100ms'],
    [{ cluster: 'n1=http://a:1,n1=http://b:1' }, 'names a member twice'],
    [{ cluster: 'n1=http://a:1,n2=http://a:1' }, 'has the same URL twice'],
    [{ cluster: 'n1' }, 'is not a list such as'],
    [{ cluster: CLUSTER }, 'does not tell which member this is: give --name'],
    [{ cluster: CLUSTER, name: 'n3' }, 'has no member n3: give --name'],
    [{ cluster: CLUSTER, name: 'n1', join: 'http://a:1' }, 'exclude each other'],
  ])('%j', (flags: FlagValues, message: string) => {
    expect(errorOf(flags)).toContain(message);
  });

  test('a variable is named as a variable, and a secret is not shown', () => {
    expect(errorOf({}, { ABCD_PORT: 'x' })).toStartWith('ABCD_PORT="x" is not a whole number');
    expect(errorOf({ clusterSecret: '' })).toBe('--cluster-secret (hidden) is empty');
  });
});

describe('listening beyond loopback', () => {
  test.each(['0.0.0.0', '192.168.1.5', '::', 'example.org'])('%s needs a secret', (host) => {
    const open = { host, advertiseUrl: 'http://192.168.1.5:8080' };
    expect(errorOf(open)).toContain(`--host "${host}" lets other machines in`);
    expect(configOf({ ...open, insecure: true }).host).toBe(host);
    expect(configOf({ ...open, clusterSecret: 'x' }).clusterSecret).toBe('x');
  });

  test.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('%s needs none', (host) => {
    expect(configOf({ host, port: '80' }).host).toBe(host);
  });

  test('a wildcard address needs a URL that others can use', () => {
    expect(errorOf({ host: '0.0.0.0', insecure: true })).toContain('--advertise-url');
  });

  test('the secret may be in a file', () => {
    expect(configOf({ clusterSecret: '@/run/secret' }).clusterSecret).toBe('from the file');
    const unreadable = {
      readText: () => {
        throw new Error('ENOENT');
      },
    };
    expect(() => configOf({ clusterSecret: '@/nope' }, unreadable)).toThrow('/nope cannot be read');
    expect(() => configOf({ clusterSecret: '@/e' }, { readText: () => '\n' })).toThrow('is empty');
  });
});

describe('who the node is', () => {
  test('with nothing said: a free port, a name after it, and the usual place to join', () => {
    const { port, name, url, join } = configOf({});
    expect({ port, name, url, join }).toEqual({
      port: 5000,
      name: 'node-5000',
      url: 'http://127.0.0.1:5000',
      join: 'http://127.0.0.1:8080',
    });
  });

  test('with a port, even a free one: it joins nobody', () => {
    expect(configOf({ port: '8080' }).join).toBeNull();
    expect(configOf({ port: '0' })).toMatchObject({ join: null, port: 5000 });
    expect(configOf({ port: '8080', join: 'http://a:1' }).join).toBe('http://a:1');
  });

  test('the founding list gives URL and port', () => {
    const config = configOf({ cluster: CLUSTER, name: 'n2' });
    expect(config).toMatchObject({ url: 'http://10.0.0.2:8081', port: 8081, join: null });
    expect(configOf({ cluster: CLUSTER, port: '8080' }).name).toBe('n1');
    const mapped = configOf({ cluster: CLUSTER, name: 'n2', port: '9' });
    expect(mapped).toMatchObject({ url: 'http://10.0.0.2:8081', port: 9 });
  });

  test('an IPv6 address gets its brackets', () => {
    expect(configOf({ host: '::1', port: '8080' }).url).toBe('http://[::1]:8080');
  });

  test.each([
    [{}, null],
    [{ port: '0' }, null],
    [{ port: '8080' }, 'data/node-8080'],
    [{ port: '8080', name: 'a' }, 'data/a'],
    [{ port: '8080', name: 'a', dataDir: '/x' }, '/x'],
    [{ cluster: CLUSTER, port: '8081' }, 'data/n2'],
  ])('directory of %j', (flags: FlagValues, expected: string | null) => {
    expect(dataDirOf(readNodeSettings(flags, {}))).toBe(expected);
  });
});

describe('a directory with a state', () => {
  const stored = configOf({ cluster: CLUSTER, name: 'n1', clusterToken: 't' }).remembered;

  test('keeps the way it was founded, whatever is said now', () => {
    const config = configOf({ join: 'http://b:1', clusterToken: 'u' }, { stored });
    expect(config).toMatchObject({ join: null, clusterToken: 't', name: 'n1' });
    expect(config.cluster?.map((member) => member.name)).toEqual(['n1', 'n2']);
  });

  test('keeps its name', () => {
    expect(() => configOf({ name: 'n2' }, { stored })).toThrow('belongs to n1');
    expect(configOf({ name: 'n1' }, { stored }).name).toBe('n1');
  });

  test('keeps its URL until it moves', () => {
    const url = (flags: FlagValues) => configOf(flags, { stored }).url;
    expect(url({ port: '8080' })).toBe('http://10.0.0.1:8080');
    expect(url({ port: '9999' })).toBe('http://127.0.0.1:9999');
    expect(url({ advertiseUrl: 'http://10.0.0.9:1' })).toBe('http://10.0.0.9:1');
    expect(url({ host: '0.0.0.0', insecure: true })).toBe('http://10.0.0.1:8080');
  });

  test('takes its URL from a list that has it, and ignores a list that has not', () => {
    const moved = configOf({ cluster: 'n1=http://10.0.0.8:7' }, { stored });
    expect(moved).toMatchObject({ url: 'http://10.0.0.8:7', port: 7 });
    const foreign = configOf({ cluster: 'x=http://10.0.0.8:7' }, { stored });
    expect(foreign.url).toBe('http://10.0.0.1:8080');
  });

  test('what it remembers is checked like everything else', () => {
    const broken = { ...stored, heartbeat: 'often' };
    expect(() => configOf({}, { stored: broken })).toThrow(
      '--heartbeat "often", remembered by the data directory, is not a duration',
    );
  });
});

describe('quota, history and limits', () => {
  test('are read, zero and off among them', () => {
    const flags = {
      quotaBytes: '0',
      historyAge: '90s',
      historyRevisions: '0',
      historyBytes: '1KiB',
    };
    const config = configOf({ ...flags, autoCompaction: 'off', hashCheckInterval: '0s' });
    expect(config).toMatchObject({ quotaBytes: 0, historyAgeMs: 90_000, historyRevisions: 0 });
    expect(config).toMatchObject({ historyBytes: 1024, autoCompaction: 'off', hashCheckMs: 0 });
    expect(nodeLimitsOf(config)).toMatchObject({ quotaBytes: 0, autoCompaction: false });
    expect(nodeLimitsOf(config)).toMatchObject({ hashCheckMs: 0, historyAgeMs: 90_000 });
  });

  test('reach the node and the REST interface', () => {
    const config = configOf({ pendingReads: '5', txnOperations: '7', lockWait: '2s' });
    expect(nodeLimitsOf(config).pendingReads).toBe(5);
    expect(nodeLimitsOf(configOf({}))).toEqual(DEFAULT_LIMITS);
    expect(httpConfigOf(config, '1').limits).toMatchObject({ txnOperations: 7, lockWaitMs: 2000 });
  });

  test('are remembered by the directory', () => {
    expect(configOf({ quotaBytes: '1GiB' }).remembered).toMatchObject({ quotaBytes: '1GiB' });
  });

  test('are refused where they make no sense', () => {
    expect(errorOf({ txnOperations: '129' })).toContain('--txn-operations "129"');
    expect(errorOf({ autoCompaction: 'maybe' })).toContain('is not one of on, off');
    expect(errorOf({ quotaBytes: '-1' })).toContain('is not a size from 0 to');
    expect(errorOf({ pageItems: '20000' })).toContain('raise --page-items-max');
  });
});
