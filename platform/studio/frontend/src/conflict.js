/** Two people changed one draft: shows both, and lets whoever is here decide. Both texts are kept. */
import { button, h, moment } from "./dom.js";
import { openDialog, say } from "./dialogs.js";
import { merge, tabs } from "./comparing.js";
import { bothChanges } from "./threeway.js";

/**
 * @param {object} options
 * @param {{name: string, label: string, language: string}[]} options.parts
 * @param {object} options.mine texts by file name
 * @param {{texts: object, author: string, updated_at: string}} options.theirs
 * @param {object} options.base the texts that both began from
 * @param {string} options.why a sentence
 * @returns {Promise<object|null>} the texts that were decided for; null where nothing was decided
 */
export function decide({ parts, mine, theirs, base, why }) {
  return new Promise((resolve) => {
    let decided = null;
    let view = null;
    let shown = null;
    const together = (name) =>
      bothChanges({ base: base[name] ?? "", theirs: theirs.texts[name] ?? "", mine: mine[name] ?? "" });
    const merged = Object.fromEntries(parts.map(({ name }) => [name, together(name)]));
    const host = h("div", { class: "studio-merge" });
    const keep = () => {
      if (view) merged[shown.name] = view.text();
    };
    const show = (part) => {
      keep();
      view?.destroy();
      shown = part;
      view = merge(host, {
        theirs: theirs.texts[part.name] ?? "", mine: merged[part.name] ?? "", language: part.language,
      });
    };
    const differs = (part) => (theirs.texts[part.name] ?? "") !== (mine[part.name] ?? "");
    const choice = tabs(parts, { label: "Part", marked: differs, onChoose: show });
    const end = (texts) => {
      decided = texts;
      dialog.close();
    };
    const dialog = openDialog({
      title: "Two texts for one draft",
      size: "wide",
      body: [
        h("p", {}, `${why} On the right is your text with those of their changes that touch none of yours. Whatever you choose, both texts stay in the history.`),
        choice.element,
        h("div", { class: "studio-sides", "aria-hidden": "true" },
          h("span", {}, `Theirs: ${theirs.author}, ${moment(theirs.updated_at)}`),
          h("span", {}, "Together: can be edited here")),
        host,
      ],
      actions: [
        button("Take theirs", { on: () => end({ ...mine, ...theirs.texts }) }),
        button("Keep mine", { on: () => end(mine) }),
        button("Save what is on the right", {
          kind: "primary",
          on: () => {
            keep();
            end({ ...merged });
          },
        }),
      ],
      onClose: () => {
        view?.destroy();
        if (!decided) say("Nothing is saved until you decide between the two texts.", { kind: "error" });
        resolve(decided);
      },
    });
    choice.choose(parts.find(differs) ?? parts[0]);
  });
}
