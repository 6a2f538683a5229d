/**
 * Completion inside of Jinja, from the event's contract: names with type, meaning and a sample's value,
 * what a loop's variable holds, filters, tests, tags, words and file names.
 */

const TAGS = {
  if: ["if ${condition} %}${}{% endif", "shows a part only when something holds"],
  elif: ["elif ${condition}", "otherwise, when something else holds"],
  else: ["else", "otherwise"],
  for: ["for ${item} in ${list} %}${}{% endfor", "repeats a part for each entry of a list"],
  set: ["set ${name} = ${value}", "keeps a value under a name"],
  block: ["block ${name} %}${}{% endblock", "fills or makes a place of a layout"],
  extends: ['extends "${file}"', "writes this mail into a layout"],
  include: ['include "${file}"', "puts another file here"],
  from: ['from "${file}" import ${name}', "takes macros from another file"],
  macro: ["macro ${name}(${arguments}) %}${}{% endmacro", "makes a part that can be used again"],
  call: ["call ${macro}() %}${}{% endcall", "hands a part to a macro"],
  filter: ["filter ${name} %}${}{% endfilter", "sends a part through a filter"],
  with: ["with ${name} = ${value} %}${}{% endwith", "names a value for a part"],
  endif: ["endif", ""],
  endfor: ["endfor", ""],
  endblock: ["endblock", ""],
};
const LOOP = [
  ["index", "number", "counts from 1"],
  ["index0", "number", "counts from 0"],
  ["first", "boolean", "true in the first round"],
  ["last", "boolean", "true in the last round"],
  ["length", "number", "how many rounds there are"],
].map(([name, type, doc]) => ({ name, type, doc, sample: null, children: [], item: [] }));
const PATH = "[A-Za-z_]\\w*(?:\\.[A-Za-z_]\\w*)*";
const MOST_SAMPLE = 40;

/** Returns the Jinja code between its opening braces and the cursor, or null outside of Jinja. */
export function codeBefore(text) {
  const opened = Math.max(text.lastIndexOf("{{"), text.lastIndexOf("{%"));
  if (opened < 0 || opened < text.lastIndexOf("{#")) return null;
  const code = text.slice(opened + 2);
  if (/[%}]\}/.test(code)) return null;
  return { isTag: text[opened + 1] === "%", code: code.replace(/^[-+]/, "") };
}

/** Returns what a path such as "order.items" leads to, or null. */
function resolve(path, scope) {
  let found = { children: scope, item: [] };
  for (const name of path.split(".")) {
    found = found.children.find((child) => child.name === name);
    if (!found) return null;
  }
  return found;
}

/** Returns the names at the end of `text`: the contract's, and those of open loops and `set`. */
function scopeAt(text, names) {
  let scope = names;
  const loops = [];
  const tags = new RegExp(
    `\\{%[-+]?\\s*(?:for\\s+(\\w+)(?:\\s*,\\s*(\\w+))?\\s+in\\s+(${PATH})|(endfor)|set\\s+(\\w+)\\s*=\\s*(${PATH})?)`,
    "g",
  );
  for (const [, variable, second, path, ends, name, value] of text.matchAll(tags)) {
    if (ends) {
      scope = loops.pop() ?? names;
    } else if (name) {
      scope = [named(name, value ? resolve(value, scope) : null, "kept by set"), ...scope];
    } else {
      const list = resolve(path, scope);
      loops.push(scope);
      const round = { name: "loop", type: "group", doc: "where the loop stands", children: LOOP, item: [] };
      const own = [named(variable, { children: list?.item ?? [], type: "group" }, `each of ${path}`), round];
      if (second) own.push(named(second, null, `each of ${path}`));
      scope = [...own, ...scope];
    }
  }
  return scope;
}

const named = (name, like, doc) => ({
  type: "any", sample: null, children: [], item: [], ...like, name, doc: like?.doc || doc,
});

function optionOf(entry, boost = 0) {
  const sample = entry.sample === null || entry.sample === undefined ? "" : String(entry.sample);
  const short = sample.length > MOST_SAMPLE ? `${sample.slice(0, MOST_SAMPLE)}…` : sample;
  return {
    label: entry.name,
    type: entry.children?.length ? "namespace" : "variable",
    detail: short || entry.type,
    boost,
    info: () => information(entry, sample),
  };
}

function information(entry, sample) {
  const box = document.createElement("div");
  const type = document.createElement("strong");
  type.textContent = entry.optional ? `${entry.type}, may be empty` : entry.type;
  box.append(type);
  for (const line of [entry.doc, sample && `Sample: ${sample}`]) {
    if (line) box.append(document.createElement("br"), line);
  }
  return box;
}

function functions(entries, type) {
  return entries.map(({ name, doc }) => ({ label: name, type, info: doc || undefined }));
}

/**
 * Returns a completion source.
 * @param {() => object} contract returns the document's `completion`
 * @param {(template: string, completion: object) => object} snippet CodeMirror's snippetCompletion
 */
export function contractCompletion(contract, snippet) {
  const tags = Object.entries(TAGS).map(([name, [text, info]]) =>
    snippet(text, { label: name, type: "keyword", info: info || undefined }),
  );
  return (context) => {
    const before = context.state.sliceDoc(0, context.pos);
    const inside = codeBefore(before);
    if (!inside) return null;
    const { code, isTag } = inside;
    const { names, filters, tests, functions: callables, files } = contract();
    const answer = (word, options) => ({ from: context.pos - word.length, options, validFor: /^\w*$/ });
    const string = /["']([\w./-]*)$/.exec(code);
    if (string && /\b(?:extends|include|from|import)\s+["'][\w./-]*$/.test(code)) {
      const options = files.map((label) => ({ label, type: "text" }));
      return { from: context.pos - string[1].length, options, validFor: /^[\w./-]*$/ };
    }
    if (isInString(code)) return null;
    const tag = isTag && /^\s*(\w*)$/.exec(code);
    if (tag) return tag[1] || context.explicit ? answer(tag[1], tags) : null;
    const filter = /\|\s*(\w*)$/.exec(code);
    if (filter) return answer(filter[1], functions(filters, "function"));
    const test = /\bis\s+(?:not\s+)?(\w*)$/.exec(code);
    if (test) return answer(test[1], functions(tests, "function"));
    const path = new RegExp(`(${PATH})\\.(\\w*)$`).exec(code);
    const scope = scopeAt(before, names);
    if (path) {
      const found = resolve(path[1], scope);
      return found ? answer(path[2], found.children.map((child) => optionOf(child))) : null;
    }
    const word = /(?:^|[^\w.])(\w*)$/.exec(code)?.[1] ?? "";
    if (!word && !context.explicit) return null;
    return answer(word, [...scope.map((entry) => optionOf(entry, 1)), ...functions(callables, "function")]);
  };
}

function isInString(code) {
  let quote = null;
  for (const character of code) {
    if (quote === null && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = null;
  }
  return quote !== null;
}
