/**
 * Logarithm and power by nothing but + - * and /, of which IEEE 754 says every bit. `Math.log` and
 * its like come from the C library, and their last bit from the processor: a simulation that went
 * by it would not be the same on two machines.
 */

const LN_2 = 0.6931471805599453;
const SQRT_2 = 1.4142135623730951;

/** The natural logarithm of a positive number, to about 12 digits. */
export function ln(x: number): number {
  let rest = x;
  let twos = 0;
  for (; rest < SQRT_2 / 2; twos -= 1) rest *= 2;
  for (; rest > SQRT_2; twos += 1) rest /= 2;
  // ln(rest) = 2 artanh(s), with |s| < 0.172.
  const s = (rest - 1) / (rest + 1);
  const t = s * s;
  const series = 1 / 9 + t * (1 / 11 + t * (1 / 13 + t / 15));
  return twos * LN_2 + 2 * s * (1 + t * (1 / 3 + t * (1 / 5 + t * (1 / 7 + t * series))));
}

/** e to the power of `x`, to about 12 digits. */
export function exp(x: number): number {
  const twos = Math.round(x / LN_2);
  const rest = x - twos * LN_2;
  let sum = 1;
  for (let n = 14; n > 0; n -= 1) sum = 1 + (rest * sum) / n;
  for (let n = 0; n < twos; n += 1) sum *= 2;
  for (let n = 0; n > twos; n -= 1) sum /= 2;
  return sum;
}
