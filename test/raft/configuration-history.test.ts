import { expect, test } from 'bun:test';
import { ConfigurationHistory } from '../../src/raft/configuration-history.ts';
import { type Configuration, EMPTY_CONFIGURATION } from '../../src/raft/configuration.ts';
import { createEntry, type Entry, type LogIndex } from '../../src/raft/entry.ts';
import {
  configurationOf,
  foundingCommand,
  idOf,
  learner,
  put,
  voter,
  votersUpTo,
} from '../support/raft-members.ts';

const ONE = votersUpTo(1);
const TWO = votersUpTo(2);
const THREE = votersUpTo(3);

function entry(index: LogIndex, configuration: Configuration): Entry {
  return createEntry(index, 1, foundingCommand(configuration));
}

/** Versions at 1, 4 and 6 over the empty one. */
function history(): ConfigurationHistory {
  const entries = [entry(1, ONE), entry(4, TWO), entry(6, THREE)];
  return new ConfigurationHistory(EMPTY_CONFIGURATION, 0, entries);
}

test('the newest counts from its append on (thesis §4.1)', () => {
  const versions = history();
  expect([versions.latest, versions.latestIndex]).toEqual([THREE, 6]);
  expect(versions.voters).toEqual([idOf(1), idOf(2), idOf(3)]);
  expect(versions.appended(entry(9, ONE))).toBe(true);
  expect(versions.voters).toEqual([idOf(1)]);
});

test('other entries change nothing', () => {
  const versions = history();
  expect(versions.appended(createEntry(7, 1, put('x')))).toBe(false);
  expect(versions.latestIndex).toBe(6);
});

test('learners are no voters', () => {
  const versions = history();
  versions.appended(entry(7, configurationOf([voter(1), learner(2)])));
  expect(versions.voters).toEqual([idOf(1)]);
});

test('entries arrive in order', () => {
  expect(() => history().appended(entry(6, ONE))).toThrow('configuration 6 out of order');
});

test('as of an index it is the newest at or before it', () => {
  const versions = history();
  const known = [0, 1, 3, 4, 5, 6, 99].map((index) => versions.at(index).members.length);
  expect(known).toEqual([0, 1, 1, 2, 2, 3, 3]);
});

test('truncation brings back the one of the snapshot too, and who votes by it', () => {
  const versions = new ConfigurationHistory(TWO, 5, [entry(6, THREE)]);
  expect(versions.voters).toEqual([idOf(1), idOf(2), idOf(3)]);
  expect(versions.truncatedFrom(6)).toBe(true);
  expect([versions.latest, versions.latestIndex]).toEqual([TWO, 5]);
  expect(versions.voters).toEqual([idOf(1), idOf(2)]);
});

test('truncation brings the one before back', () => {
  const versions = history();
  expect(versions.truncatedFrom(7)).toBe(false);
  expect(versions.truncatedFrom(4)).toBe(true);
  expect([versions.latest, versions.latestIndex]).toEqual([ONE, 1]);
  expect(versions.voters).toEqual([idOf(1)]);
});

test('truncation never takes the first', () => {
  const versions = new ConfigurationHistory(TWO, 5, []);
  expect(versions.truncatedFrom(1)).toBe(false);
  expect(versions.latest).toEqual(TWO);
});

test('compaction keeps the one in force there', () => {
  const versions = history();
  versions.compacted(5);
  expect(versions.at(5)).toEqual(TWO);
  expect(() => versions.at(3)).toThrow('configuration as of 3');
  expect(versions.truncatedFrom(6)).toBe(true);
  expect(versions.latest).toEqual(TWO);
});

test('a snapshot replaces them all, newer ones of the log included', () => {
  const versions = history();
  versions.reset(5, ONE);
  expect([versions.latest, versions.latestIndex]).toEqual([ONE, 5]);
  expect(versions.voters).toEqual([idOf(1)]);
});

test('who left is a voter since any version that still had it', () => {
  const versions = history();
  versions.appended(entry(8, ONE));
  expect(versions.isVoterSince(7, idOf(3))).toBe(true);
  expect(versions.isVoterSince(8, idOf(3))).toBe(false);
  expect(versions.isVoterSince(8, idOf(1))).toBe(true);
  expect(versions.isVoterSince(0, idOf(4))).toBe(false);
});
