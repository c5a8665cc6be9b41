/** WHAT A CHANGE OF THE MEMBERSHIP MAKES of the one before it: what it says, and nothing else. */
import type { Configuration, ConfigurationChange, Member } from '../../raft/configuration.ts';

/** Null for the founding membership, which is what it is. */
export function madeOf(before: Configuration, change: ConfigurationChange): Configuration | null {
  const { members, removed } = before;
  switch (change.type) {
    case 'found':
      return null;
    case 'add-learner':
      return { ...before, members: [...members, { ...change.member, learner: true }] };
    case 'activate':
      return { ...before, members: members.map((one) => activated(one, change.ids)) };
    case 'remove': {
      const left = members.filter(({ id }) => id !== change.id);
      return { ...before, members: left, removed: [...removed, change.id] };
    }
    case 'promote':
      return changed(before, change.id, { learner: false, autoPromote: false });
    case 'update': {
      const { peerUrls, clientUrls } = change;
      return changed(before, change.id, { peerUrls, clientUrls });
    }
  }
}

function changed(before: Configuration, id: string, fields: Partial<Member>): Configuration {
  const members = before.members.map((one) => (one.id === id ? { ...one, ...fields } : one));
  return { ...before, members };
}

function activated(member: Member, ids: readonly string[]): Member {
  return ids.includes(member.id) ? { ...member, active: true } : member;
}
