declare module 'pino-roll' {
  import type { SonicBoom, SonicBoomOpts } from 'sonic-boom';

  /** The part of its options that is used here; the package has no types of its own. */
  interface Options extends SonicBoomOpts {
    /** A number and the extension are put behind this name. */
    readonly file: string;
    /** Such as `64k`. */
    readonly size: string;
    readonly limit: { readonly count: number; readonly removeOtherLogFiles: boolean };
  }

  export default function open(options: Options): Promise<SonicBoom>;
}
