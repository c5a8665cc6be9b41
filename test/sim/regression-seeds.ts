/** Every seed that ever failed, for whatever reason: none may fail again. */
export const REGRESSION_SEEDS: readonly number[] = [
  6, 21, 28, 32, 34, 35, 39, 40, 49, 57, 81, 88, 101, 102, 111, 118, 145, 148, 153, 156, 168, 188,
  193, 230, 323, 341, 483, 627, 2252, 2960, 3087, 5014, 1395776719, 1395776818, 1395776896,
  3069900435, 3069900453, 3978698300,
];
