/** CRC-32's polynomial (RFC 1952 §8), the lowest power first: bit 31 is x^0. */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;
/** x^8: what a byte that follows multiplies by. */
const BYTE = 0x00800000;

/** The product of two polynomials modulo CRC-32's. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= b;
    b = (b & 1) === 0 ? b >>> 1 : (b >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}

/**
 * The CRC-32 of two texts one behind the other.
 *
 * @param a that of the first one
 * @param b that of the second one
 * @param length of the second one, in bytes
 */
export function combineCrc32(a: number, b: number, length: number): number {
  let shift = ONE;
  let power = BYTE;
  for (let rest = length; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) shift = multiply(shift, power);
    power = multiply(power, power);
  }
  return (multiply(shift, a) ^ b) >>> 0;
}
