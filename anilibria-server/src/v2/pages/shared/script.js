"use strict";

// Parts that all pages share.

/** Language of the page: that of the browser if the page has it, otherwise English. */
const language = navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en";

const find = (id) => document.getElementById(id);

/** Creates an element with a class and a text. Text from the API is always set this way, so that it cannot become markup. */
function element(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** Translates the static text of the page. The attribute `data-word` of an element names its text in `words`. */
function translate(words, title) {
  document.documentElement.lang = language;
  document.title = title;
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = words[element.dataset.word];
  }
}
