import { InvalidValue, type Setting } from './setting.ts';

/** The settings of a command, by key (`dataDir`); their order is that of `--help`. */
export type SettingTable = Readonly<Record<string, Setting<unknown>>>;

/** The type of a setting's value. */
export type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** A setting that cannot be used: the message names the flag or variable, and the value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The flag of a setting: `--data-dir` for `dataDir`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The environment variable of a setting: `ABCD_DATA_DIR` for `dataDir`. */
export function variableOf(key: string): string {
  return `ABCD_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** What the command line gave, by key; a switch that was given is `true`. */
export type FlagValues = Readonly<Record<string, string | boolean | undefined>>;

/** The process's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

interface Given {
  readonly text: string;
  readonly source: 'flag' | 'environment' | 'stored';
}

/** What was set, and by whom; every text in here is a valid value of its setting. */
export class Settings<T extends SettingTable> {
  readonly #table: T;
  readonly #given: ReadonlyMap<string, Given>;

  private constructor(table: T, given: ReadonlyMap<string, Given>) {
    this.#table = table;
    this.#given = given;
  }

  /** Reads flags (by key) and environment; flags win. @throws ConfigError */
  static read<T extends SettingTable>(
    table: T,
    flags: FlagValues,
    environment: Environment,
  ): Settings<T> {
    const given = new Map<string, Given>();
    for (const [key, setting] of Object.entries(table)) {
      const flag = flags[key];
      const variable = environment[variableOf(key)];
      if (flag !== undefined) {
        given.set(key, checked(key, setting, { text: String(flag), source: 'flag' }));
      } else if (variable !== undefined && variable !== '') {
        given.set(key, checked(key, setting, { text: variable, source: 'environment' }));
      }
    }
    return new Settings(table, given);
  }

  /**
   * Adds what is remembered of an earlier start, for whatever was not given now; the `founding`
   * keys say how the directory came about, and there memory wins. @throws ConfigError
   */
  withStored(
    stored: Readonly<Record<string, string | number | boolean>>,
    founding: readonly (keyof T & string)[],
  ): Settings<T> {
    const given = new Map(this.#given);
    for (const [key, setting] of Object.entries(this.#table)) {
      if (founding.includes(key)) given.delete(key);
      const value = stored[key];
      if (value === undefined || given.has(key)) continue;
      given.set(key, checked(key, setting, { text: String(value), source: 'stored' }));
    }
    return new Settings(this.#table, given);
  }

  /** The value in force. */
  get<K extends keyof T & string>(key: K): ValueOf<T[K]> {
    const setting = this.#table[key];
    const given = this.#given.get(key);
    // The table's type ties the key to its value's type; the Map in between does not.
    return (given === undefined ? setting?.fallback : setting?.parse(given.text)) as ValueOf<T[K]>;
  }

  /** The text a person gave for this start, or null. */
  explicit(key: keyof T & string): string | null {
    const given = this.#given.get(key);
    return given === undefined || given.source === 'stored' ? null : given.text;
  }

  /** The text in force, given now or remembered; null when it is the default. */
  text(key: keyof T & string): string | null {
    return this.#given.get(key)?.text ?? null;
  }

  /** Where a value comes from, for error messages: `--port "x"`. Secrets are not shown. */
  describe(key: keyof T & string): string {
    const given = this.#given.get(key);
    return given === undefined ? flagOf(key) : describe(key, given);
  }
}

function checked(key: string, setting: Setting<unknown>, given: Given): Given {
  try {
    setting.parse(given.text);
    return given;
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    throw new ConfigError(`${describe(key, given)} ${error.message}`);
  }
}

function describe(key: string, given: Given): string {
  const shown = /secret/i.test(key) ? '(hidden)' : JSON.stringify(given.text);
  if (given.source === 'flag') return `${flagOf(key)} ${shown}`;
  if (given.source === 'environment') return `${variableOf(key)}=${shown}`;
  return `${flagOf(key)} ${shown}, remembered by the data directory,`;
}
