/**
 * HOW A NODE COMES INTO THE WORLD
 *
 * Decides, from what the data directory holds and what the user asked for, who this node is and
 * what it must do to be a member. Four ways:
 *
 * - `resume`: the log knows the membership; the node simply comes back.
 * - `found-together`: every member of a fixed list computes the same cluster id, the same member
 *   ids and the same first configuration, so that none of them has to be asked.
 * - `found-alone`: a new cluster of one.
 * - `join`: an id of its own, on disk before the first call, then a call to a member.
 *
 * A directory that has an identity and no log yet goes on with the way it began.
 *
 * Nothing here does I/O; founding-inquiry.ts and join.ts of the command line do.
 */

import {
  type ClusterId,
  idOfBytes,
  type MemberId,
  parseClusterId,
  parseMemberId,
} from '../lib/ids.ts';
import { must } from '../lib/assert.ts';
import type { Configuration, Member } from '../raft/configuration.ts';
import type { Identity } from '../storage/storage.ts';

/** What the user asked for. */
export interface Intent {
  readonly name: string;
  readonly url: string;
  /** The URL of a member to join through. */
  readonly join: string | null;
  /** The fixed first membership, this node's own entry included. */
  readonly cluster: readonly FoundingEntry[] | null;
  readonly clusterToken: string;
  /** To be kept with the identity, so that the node comes back without flags. */
  readonly remembered: Identity['node'];
}

export interface FoundingEntry {
  readonly name: string;
  readonly url: string;
}

/** What the data directory holds. */
export interface Found {
  readonly identity: Identity | null;
  /** Whether log or snapshot hold anything, and with it a membership. */
  readonly hasLog: boolean;
}

export type StartPlan =
  | { readonly type: 'resume'; readonly identity: Identity }
  | {
      readonly type: 'found-together';
      readonly identity: Identity;
      readonly founding: Configuration;
      /** The other members: if one knows this node as active, the directory was lost. */
      readonly others: readonly FoundingEntry[];
    }
  | { readonly type: 'found-alone'; readonly identity: Identity; readonly founding: Configuration }
  | {
      readonly type: 'join';
      /** Null until the cluster's id is known, which only a member can tell. */
      readonly identity: Identity | null;
      readonly through: string;
    };

/** Makes 16 bytes that nobody can guess, at every call others. */
export type RandomBytes = () => Uint8Array;

/** Chooses the way. */
export function planStart(found: Found, intent: Intent, random: RandomBytes): StartPlan {
  const identity = found.identity === null ? null : { ...found.identity, node: intent.remembered };
  if (identity !== null && found.hasLog) return { type: 'resume', identity };
  if (intent.cluster !== null) return planListed(identity, intent, intent.cluster, random);
  if (intent.join !== null) return { type: 'join', identity, through: intent.join };
  return planAlone(identity, intent, random);
}

/** The identity of a node that joins: a random id, which no other member ever had. */
export function joiningIdentity(
  clusterId: ClusterId,
  intent: Intent,
  random: RandomBytes,
): Identity {
  return { clusterId, memberId: memberIdOf(random()), node: intent.remembered };
}

/** The id of a cluster that is founded from a list: the same on every member. */
export function foundingClusterId(token: string, members: readonly FoundingEntry[]): ClusterId {
  const id = idOfBytes(digest(['cluster', token, ...sorted(members).flatMap(partsOf)]));
  return must(parseClusterId(id), 'a cluster id');
}

/** The id of one member of such a list. */
export function foundingMemberId(token: string, member: FoundingEntry): MemberId {
  return memberIdOf(digest(['member', token, ...partsOf(member)]));
}

/** The first membership: every list in any order gives the same. */
export function foundingConfiguration(
  token: string,
  members: readonly FoundingEntry[],
): Configuration {
  const voters = sorted(members).map((member) =>
    voter(foundingMemberId(token, member), member, false),
  );
  return { members: voters, removed: [], clusterVersion: 1 };
}

/**
 * Ids that all members of a list derive from it let them found one cluster. Who is alone on it has
 * to agree with nobody, and nobody could tell it that it had a log: by the same ids it would found
 * its cluster once more, in the midst of those who joined meanwhile.
 */
function planListed(
  known: Identity | null,
  intent: Intent,
  cluster: readonly FoundingEntry[],
  random: RandomBytes,
): StartPlan {
  const self = must(
    cluster.find((member) => member.name === intent.name),
    `${intent.name} in the founding list`,
  );
  if (cluster.length === 1) return planAlone(known, { ...intent, url: self.url }, random);
  return planTogether(known, intent, cluster, self);
}

function planTogether(
  known: Identity | null,
  intent: Intent,
  cluster: readonly FoundingEntry[],
  self: FoundingEntry,
): StartPlan {
  const identity = known ?? {
    clusterId: foundingClusterId(intent.clusterToken, cluster),
    memberId: foundingMemberId(intent.clusterToken, self),
    node: intent.remembered,
  };
  return {
    type: 'found-together',
    identity,
    founding: foundingConfiguration(intent.clusterToken, cluster),
    others: cluster.filter((member) => member !== self),
  };
}

function planAlone(known: Identity | null, intent: Intent, random: RandomBytes): StartPlan {
  const identity = known ?? {
    clusterId: must(parseClusterId(idOfBytes(random())), 'a cluster id'),
    memberId: memberIdOf(random()),
    node: intent.remembered,
  };
  const founding = {
    members: [voter(identity.memberId, intent, true)],
    removed: [],
    clusterVersion: 1,
  };
  return { type: 'found-alone', identity, founding };
}

function voter(id: MemberId, { name, url }: FoundingEntry, active: boolean): Member {
  return {
    id,
    name,
    peerUrls: [url],
    clientUrls: [url],
    learner: false,
    autoPromote: false,
    active,
  };
}

function memberIdOf(bytes: Uint8Array): MemberId {
  return must(parseMemberId(idOfBytes(bytes)), 'a member id');
}

function partsOf(member: FoundingEntry): readonly string[] {
  return [member.name, member.url];
}

/** By name, in the order of UTF-16 units, which does not depend on the machine's language. */
function sorted(members: readonly FoundingEntry[]): readonly FoundingEntry[] {
  return members.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** As JSON, so that no two different lists of parts have the same text. */
function digest(parts: readonly string[]): Uint8Array {
  return new Bun.CryptoHasher('sha256').update(JSON.stringify(parts)).digest();
}
