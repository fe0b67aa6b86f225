
// Text of the section about the sandbox in both languages.

Object.assign(WORDS.ru, {
  sandbox: "Песочница",
  sandboxAbout: "Сервис читает вымышленный каталог вместо AniLibria. Его можно менять запросами, перечисленными ниже.",
  account: "Учётная запись:",
  release: "Номер тайтла",
  publish: "Опубликовать серию",
  published: (episode, name) => `Серия ${episode} тайтла «${name}» опубликована.`,
  watch: "Смотреть события",
  unanswered: "Сервис не ответил. Попробуйте ещё раз.",
  calls: "Запросы",
  effects: {
    "GET /sandbox": "Перечисляет эти запросы.",
    "POST /sandbox/episodes": "Публикует следующую серию релиза.",
    "POST /sandbox/torrents": "Добавляет все вышедшие серии в первый торрент релиза.",
    "POST /sandbox/releases": "Добавляет релиз с одной серией.",
    "POST /sandbox/releases/{id}/name": "Переименовывает релиз.",
    "POST /sandbox/releases/{id}/status": "Меняет статус релиза.",
    "PUT /sandbox/faults": "Включает сбои; пустой объект выключает их.",
    "GET /sandbox/requests": "Возвращает журнал запросов к API.",
    "POST /sandbox/clock": "Переводит часы вперёд.",
    "POST /sandbox/social": "Завершает вход через социальную сеть, как это сделал бы пользователь.",
    "GET /sandbox/password": "Возвращает токен последнего письма о забытом пароле.",
    "POST /sandbox/reset": "Возвращает исходное состояние.",
  },
});

Object.assign(WORDS.en, {
  sandbox: "Sandbox",
  sandboxAbout: "The service reads a generated catalog instead of AniLibria. The requests below change it.",
  account: "Account:",
  release: "Number of the title",
  publish: "Publish an episode",
  published: (episode, name) => `Episode ${episode} of “${name}” was published.`,
  watch: "Watch live events",
  unanswered: "The service did not respond. Please try again.",
  calls: "Requests",
  effects: {},
});
