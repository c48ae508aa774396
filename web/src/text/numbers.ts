// Numbers as the interface writes them, with true minus signs and tabular widths.

export function percent(share: number): string {
  if (share >= 0.9995) return '100%';
  if (share >= 0.0995) return `${(100 * share).toFixed(0)}%`;
  if (share >= 0.00095) return `${(100 * share).toFixed(1)}%`;
  return share > 0 ? '<0.1%' : '0%';
}

export const weight = (value: number): string => value.toFixed(2);

const withoutZero = (text: string): string => text.replace(/^0\./, '.');

/** A contribution: .107 */
export const contribution = (value: number): string =>
  value < 0.0005 ? (value > 0 ? '<.001' : '0') : withoutZero(value.toFixed(3));

/** A neuron's share: .0347 */
export const small = (value: number): string =>
  value < 0.00005 ? (value > 0 ? '<.0001' : '0') : withoutZero(value.toFixed(4));

export const signed = (value: number, digits = 2): string => {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : (value > 0 ? '+' : '−') + text;
};

export const minus = (value: number, digits = 1): string => {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
};

export const count = (value: number, noun: string): string =>
  `${value.toLocaleString('en')} ${noun}${value === 1 ? '' : 's'}`;

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

export function bytes(value: number): string {
  const unit = Math.min(UNITS.length - 1, value < 1000 ? 0 : Math.floor(Math.log10(value) / 3));
  return `${unit === 0 ? value : (value / 1000 ** unit).toPrecision(3)} ${UNITS[unit]}`;
}

export function seconds(value: number): string {
  if (value < 0.0001) return '<0.1 ms';
  return value < 1 ? `${(1000 * value).toFixed(value < 0.01 ? 1 : 0)} ms` : `${value.toFixed(1)} s`;
}
