"use strict";

// What the page says, in the two languages it knows.

const WORDS = {
  ru: {
    live: "прямо сейчас",
    choice: "Что показывать",
    everything: "По всем тайтлам",
    newEpisodes: "Новые серии",
    newTitles: "Новые тайтлы",
    statusChanges: "Смена статуса",
    oneTitle: "По одному тайтлу, номер",
    follow: "Следить",
    events: "События",
    clear: "Очистить",
    empty: "Пока тихо. Новое появится здесь само.",
    states: { connecting: "Подключение…", live: "В эфире", reconnecting: "Переподключение…" },
    kinds: {
      new_episode: "Новая серия",
      episode_update: "Серия обновлена",
      new_title: "Новый тайтл",
      status_change: "Смена статуса",
    },
    statuses: { ongoing: "выходит", completed: "завершён", announced: "анонсирован" },
    episode: (number) => `Серия ${number}`,
    title: (id) => `Тайтл ${id}`,
    leave: (name) => `Больше не следить: ${name}`,
    unknown: (id) => `Тайтла ${id} нет.`,
    unanswered: "Сервис не ответил. Попробуйте ещё раз.",
    tooMany: (most) => `Можно следить не более чем за ${most} тайтлами.`,
    missed: "За время перерыва было больше событий, чем сервис помнит: показаны не все.",
  },
  en: {
    live: "live",
    choice: "What to show",
    everything: "From all titles",
    newEpisodes: "New episodes",
    newTitles: "New titles",
    statusChanges: "Status changes",
    oneTitle: "From one title, by its number",
    follow: "Follow",
    events: "Events",
    clear: "Clear",
    empty: "All quiet. News will show up here by itself.",
    states: { connecting: "Connecting…", live: "Live", reconnecting: "Reconnecting…" },
    kinds: {
      new_episode: "New episode",
      episode_update: "Episode updated",
      new_title: "New title",
      status_change: "Status changed",
    },
    statuses: { ongoing: "ongoing", completed: "completed", announced: "announced" },
    episode: (number) => `Episode ${number}`,
    title: (id) => `Title ${id}`,
    leave: (name) => `Stop following ${name}`,
    unknown: (id) => `There is no title ${id}.`,
    unanswered: "The service did not answer. Please try again.",
    tooMany: (most) => `At most ${most} titles can be followed.`,
    missed: "More has happened meanwhile than the service remembers: not all of it is shown.",
  },
};

const language = navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en";
const words = WORDS[language];

/** Puts the page itself into the reader's language. */
function translate() {
  document.documentElement.lang = language;
  document.title = `AniLibria: ${words.live}`;
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = words[element.dataset.word];
  }
}
