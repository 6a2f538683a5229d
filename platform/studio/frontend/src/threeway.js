/** Brings two changes of one text together where they do not touch each other. */
import { diff } from "@codemirror/merge";

/**
 * Returns the text with both changes; where they overlap, with mine alone.
 * @param {{base: string, theirs: string, mine: string}} texts
 */
export function bothChanges({ base, theirs, mine }) {
  const own = edits(base, mine);
  const other = edits(base, theirs).filter((one) => !own.some((mineToo) => touch(one, mineToo)));
  const all = [...own, ...other].sort((one, another) => another.from - one.from);
  return all.reduce((text, { from, to, insert }) => text.slice(0, from) + insert + text.slice(to), base);
}

/** By whole lines: two people in one line mean one sentence, which no program can put together. */
function edits(base, text) {
  const [before, after] = [base.split(/(?<=\n)/), text.split(/(?<=\n)/)];
  const signs = new Map();
  const sign = (line) => {
    if (!signs.has(line)) signs.set(line, String.fromCharCode(signs.size + 1));
    return signs.get(line);
  };
  const starts = before.reduce((found, line) => [...found, found.at(-1) + line.length], [0]);
  return diff(before.map(sign).join(""), after.map(sign).join("")).map((change) => ({
    from: starts[change.fromA],
    to: starts[change.toA],
    insert: after.slice(change.fromB, change.toB).join(""),
  }));
}

function touch(one, other) {
  return one.from <= other.to && other.from <= one.to;
}
