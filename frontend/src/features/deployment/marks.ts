/**
 * How a pod and a version look. The colours are told apart by colour-blind people too (Okabe and Ito,
 * https://jfly.uni-koeln.de/color/); none of them is red, which is for what is lost.
 */
const colours = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#f0e442'] as const;
const lost = '#d32f2f';
const [light, dark] = ['#ffffff', '#10151c'];

/** A square, a disc, a leaf: seen from the back of a room. */
const forms = ['22%', '50%', '0 60% 0 60%'] as const;

const turn = <T>(list: readonly [T, ...T[]], index: number): T => list[index % list.length] ?? list[0];

/** A to Z, then AA to ZZ. */
export function letterOf(pod: number): string {
  const last = String.fromCharCode(65 + (pod % 26));
  return pod < 26 ? last : letterOf(Math.floor(pod / 26) - 1) + last;
}

export const colourOf = (pod: number): string => turn(colours, pod);

export function markOf(pod: number, version: number) {
  return {
    background: colourOf(pod),
    color: pod % colours.length === 0 ? light : dark,
    borderRadius: turn(forms, version),
  };
}

export const lostMark = { background: lost, color: light, borderRadius: forms[0] };
