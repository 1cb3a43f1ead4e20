// What the server handed over with the page: settings, words, the demonstration's people.
const data = JSON.parse(document.getElementById("data").textContent);

export const { cookie, graphql, language, people, graphiql } = data;

/** Return a phrase with `{name}` filled in; an unknown key is returned as it is. */
export function say(key, values = {}) {
  const phrase = data.words[key] ?? key;
  return phrase.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Make an element: `make("p", { class: "quiet" }, "text", child)`. Text stays text. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
