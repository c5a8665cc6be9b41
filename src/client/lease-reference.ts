/** A lease, or its id. */
export type LeaseReference = string | { readonly id: string };

export function leaseIdOf(lease: LeaseReference): string {
  return typeof lease === 'string' ? lease : lease.id;
}
