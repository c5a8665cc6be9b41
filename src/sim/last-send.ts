/**
 * THE LAST THING A PROCESS SENDS: it ends right before or right after its n-th message from now,
 * whatever else it was about to do.
 */
export type SendMoment = 'before' | 'after';

export class LastSend {
  #planned: { readonly moment: SendMoment; countdown: number; readonly crash: () => void } | null =
    null;

  plan(countdown: number, moment: SendMoment, crash: () => void): void {
    this.#planned = { moment, countdown, crash };
  }

  forget(): void {
    this.#planned = null;
  }

  /** Asked about each message before it leaves. */
  mayLeave(): boolean {
    const planned = this.#planned;
    if (planned === null) return true;
    planned.countdown -= 1;
    if (planned.countdown === 0) planned.crash();
    if (planned.countdown > 0) return true;
    return planned.countdown === 0 && planned.moment === 'after';
  }
}
