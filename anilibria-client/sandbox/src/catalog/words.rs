//! Words for titles, descriptions and episode names.

/// Gender or number of a noun, which determines the ending of its adjectives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gender {
    Masculine,
    Feminine,
    Neuter,
    Plural,
}

/// Endings of an adjective in the four forms of [`Gender`].
pub(super) type Endings = [&'static str; 4];

const HARD: Endings = ["ый", "ая", "ое", "ые"];
const STRESSED: Endings = ["ой", "ая", "ое", "ые"];
const SOFT: Endings = ["ий", "яя", "ее", "ие"];
const VELAR: Endings = ["ий", "ая", "ое", "ие"];
const HUSHING: Endings = ["ий", "ая", "ее", "ие"];

pub(super) struct Adjective {
    pub(super) stem: &'static str,
    pub(super) endings: Endings,
    pub(super) romaji: &'static str,
    pub(super) english: &'static str,
}

pub(super) struct Noun {
    pub(super) russian: &'static str,
    pub(super) gender: Gender,
    pub(super) romaji: &'static str,
    pub(super) english: &'static str,
}

/// A phrase in three languages: a genitive such as "of the sunset", or a subtitle.
pub(super) struct Phrase {
    pub(super) russian: &'static str,
    pub(super) romaji: &'static str,
    pub(super) english: &'static str,
}

const fn adjective(
    stem: &'static str,
    endings: Endings,
    romaji: &'static str,
    english: &'static str,
) -> Adjective {
    Adjective { stem, endings, romaji, english }
}

const fn noun(russian: &'static str, gender: Gender, romaji: &'static str, english: &'static str) -> Noun {
    Noun { russian, gender, romaji, english }
}

const fn phrase(russian: &'static str, romaji: &'static str, english: &'static str) -> Phrase {
    Phrase { russian, romaji, english }
}

pub(super) static ADJECTIVES: [Adjective; 44] = [
    adjective("стальн", STRESSED, "Hagane no", "Steel"),
    adjective("последн", SOFT, "Saigo no", "Last"),
    adjective("забыт", HARD, "Wasurerareta", "Forgotten"),
    adjective("звёздн", HARD, "Hoshizora no", "Starry"),
    adjective("чёрн", HARD, "Kuro no", "Black"),
    adjective("бел", HARD, "Shiroki", "White"),
    adjective("весёл", HARD, "Yukai na", "Merry"),
    adjective("тих", VELAR, "Shizuka na", "Quiet"),
    adjective("далёк", VELAR, "Haruka na", "Distant"),
    adjective("вечн", HARD, "Eien no", "Eternal"),
    adjective("лунн", HARD, "Gekkou no", "Moonlit"),
    adjective("ледян", STRESSED, "Koori no", "Frozen"),
    adjective("огненн", HARD, "Honoo no", "Burning"),
    adjective("син", SOFT, "Aoki", "Blue"),
    adjective("ал", HARD, "Akaki", "Scarlet"),
    adjective("золот", STRESSED, "Ougon no", "Golden"),
    adjective("серебрян", HARD, "Shirogane no", "Silver"),
    adjective("спящ", HUSHING, "Nemureru", "Sleeping"),
    adjective("бродяч", HUSHING, "Samayoeru", "Wandering"),
    adjective("небесн", HARD, "Tenkuu no", "Heavenly"),
    adjective("тайн", HARD, "Himitsu no", "Secret"),
    adjective("потерянн", HARD, "Ushinawareta", "Lost"),
    adjective("проклят", HARD, "Norowareta", "Cursed"),
    adjective("хрустальн", HARD, "Suishou no", "Crystal"),
    adjective("древн", SOFT, "Inishie no", "Ancient"),
    adjective("зимн", SOFT, "Fuyu no", "Winter"),
    adjective("летн", SOFT, "Natsu no", "Summer"),
    adjective("осенн", SOFT, "Aki no", "Autumn"),
    adjective("весенн", SOFT, "Haru no", "Spring"),
    adjective("одинок", VELAR, "Kodoku na", "Lonely"),
    adjective("зелён", HARD, "Midori no", "Green"),
    adjective("ночн", STRESSED, "Yoru no", "Nocturnal"),
    adjective("утренн", SOFT, "Asa no", "Morning"),
    adjective("невидим", HARD, "Toumei na", "Invisible"),
    adjective("безымянн", HARD, "Namonaki", "Nameless"),
    adjective("странн", HARD, "Fushigi na", "Strange"),
    adjective("маленьк", VELAR, "Chiisana", "Little"),
    adjective("велик", VELAR, "Idai naru", "Great"),
    adjective("железн", HARD, "Tetsu no", "Iron"),
    adjective("дик", VELAR, "Yasei no", "Wild"),
    adjective("упрям", HARD, "Ganko na", "Stubborn"),
    adjective("сонн", HARD, "Nemutai", "Sleepy"),
    adjective("ржав", HARD, "Sabita", "Rusty"),
    adjective("честн", HARD, "Shoujiki na", "Honest"),
];

pub(super) static NOUNS: [Noun; 52] = [
    noun("рыцарь", Gender::Masculine, "Kishi", "Knight"),
    noun("алхимик", Gender::Masculine, "Renkinjutsushi", "Alchemist"),
    noun("дракон", Gender::Masculine, "Ryuu", "Dragon"),
    noun("самурай", Gender::Masculine, "Samurai", "Samurai"),
    noun("волшебник", Gender::Masculine, "Mahoutsukai", "Wizard"),
    noun("детектив", Gender::Masculine, "Tantei", "Detective"),
    noun("повар", Gender::Masculine, "Ryourinin", "Cook"),
    noun("сад", Gender::Masculine, "Niwa", "Garden"),
    noun("город", Gender::Masculine, "Machi", "Town"),
    noun("остров", Gender::Masculine, "Shima", "Island"),
    noun("поезд", Gender::Masculine, "Ressha", "Train"),
    noun("театр", Gender::Masculine, "Gekijou", "Theatre"),
    noun("клуб", Gender::Masculine, "Bukatsu", "Club"),
    noun("ветер", Gender::Masculine, "Kaze", "Wind"),
    noun("ёж", Gender::Masculine, "Harinezumi", "Hedgehog"),
    noun("механик", Gender::Masculine, "Seibishi", "Mechanic"),
    noun("капитан", Gender::Masculine, "Senchou", "Captain"),
    noun("лис", Gender::Masculine, "Kitsune", "Fox"),
    noun("полёт", Gender::Masculine, "Hikou", "Flight"),
    noun("почтальон", Gender::Masculine, "Yuubinya", "Postman"),
    noun("принцесса", Gender::Feminine, "Hime", "Princess"),
    noun("ведьма", Gender::Feminine, "Majo", "Witch"),
    noun("песня", Gender::Feminine, "Uta", "Song"),
    noun("академия", Gender::Feminine, "Gakuen", "Academy"),
    noun("библиотека", Gender::Feminine, "Toshokan", "Library"),
    noun("кошка", Gender::Feminine, "Neko", "Cat"),
    noun("звезда", Gender::Feminine, "Ichibanboshi", "Star"),
    noun("легенда", Gender::Feminine, "Densetsu", "Legend"),
    noun("крепость", Gender::Feminine, "Yousai", "Fortress"),
    noun("пекарня", Gender::Feminine, "Panya", "Bakery"),
    noun("лавка", Gender::Feminine, "Omise", "Shop"),
    noun("мечта", Gender::Feminine, "Yume", "Dream"),
    noun("дорога", Gender::Feminine, "Michi", "Road"),
    noun("ёлка", Gender::Feminine, "Momi", "Fir"),
    noun("война", Gender::Feminine, "Sensou", "War"),
    noun("королевство", Gender::Neuter, "Oukoku", "Kingdom"),
    noun("сердце", Gender::Neuter, "Kokoro", "Heart"),
    noun("небо", Gender::Neuter, "Sora", "Sky"),
    noun("озеро", Gender::Neuter, "Mizuumi", "Lake"),
    noun("кафе", Gender::Neuter, "Kissaten", "Cafe"),
    noun("зеркало", Gender::Neuter, "Kagami", "Mirror"),
    noun("обещание", Gender::Neuter, "Yakusoku", "Promise"),
    noun("копьё", Gender::Neuter, "Yari", "Spear"),
    noun("приключение", Gender::Neuter, "Bouken", "Adventure"),
    noun("братство", Gender::Neuter, "Kyoudai", "Brotherhood"),
    noun("хроники", Gender::Plural, "Kiroku", "Chronicles"),
    noun("близнецы", Gender::Plural, "Futago", "Twins"),
    noun("сказки", Gender::Plural, "Otogibanashi", "Tales"),
    noun("дневники", Gender::Plural, "Nikki", "Diaries"),
    noun("крылья", Gender::Plural, "Tsubasa", "Wings"),
    noun("воины", Gender::Plural, "Senshi", "Warriors"),
    noun("мастера", Gender::Plural, "Shokunin", "Masters"),
];

pub(super) static GENITIVES: [Phrase; 40] = [
    phrase("рассвета", "Yoake", "Dawn"),
    phrase("заката", "Yuuhi", "the Sunset"),
    phrase("тумана", "Kiri", "the Mist"),
    phrase("пустыни", "Sabaku", "the Desert"),
    phrase("океана", "Taiyou", "the Ocean"),
    phrase("снегов", "Yuki", "the Snows"),
    phrase("семи морей", "Nanatsu no Umi", "the Seven Seas"),
    phrase("девяти хвостов", "Kyuubi", "Nine Tails"),
    phrase("другого мира", "Isekai", "Another SandboxState"),
    phrase("старой школы", "Kyuukousha", "the Old School"),
    phrase("цветущей вишни", "Sakura", "the Cherry Blossom"),
    phrase("чужих звёзд", "Ihou no Hoshi", "Foreign Stars"),
    phrase("тёмного леса", "Kurai Mori", "the Dark Forest"),
    phrase("падших богов", "Ochita Kamigami", "Fallen Gods"),
    phrase("красной луны", "Akai Tsuki", "the Red Moon"),
    phrase("первого снега", "Hatsuyuki", "the First Snow"),
    phrase("тысячи слёз", "Sen no Namida", "a Thousand Tears"),
    phrase("пустых улиц", "Karappo no Toori", "Empty Streets"),
    phrase("северного моря", "Kita no Umi", "the North Sea"),
    phrase("южного ветра", "Minamikaze", "the South Wind"),
    phrase("подземелья", "Meikyuu", "the Dungeon"),
    phrase("железной дороги", "Tetsudou", "the Railway"),
    phrase("последнего дня", "Saishuubi", "the Final Day"),
    phrase("королевской кухни", "Oukyuu Ryouri", "the Royal Kitchen"),
    phrase("долгих дождей", "Nagaame", "Long Rains"),
    phrase("прошлого", "Kako", "the Past"),
    phrase("будущего", "Mirai", "the Future"),
    phrase("синих гор", "Aoi Yama", "the Blue Mountains"),
    phrase("трёх королей", "Sannin no Ou", "Three Kings"),
    phrase("грома", "Kaminari", "Thunder"),
    phrase("пепла", "Hai", "Ashes"),
    phrase("лепестков", "Hanabira", "Petals"),
    phrase("механических птиц", "Kikai no Tori", "Mechanical Birds"),
    phrase("дружбы", "Yuujou", "Friendship"),
    phrase("созвездий", "Seiza", "Constellations"),
    phrase("призраков", "Yuurei", "Ghosts"),
    phrase("шёпота", "Sasayaki", "Whispers"),
    phrase("вечерних огней", "Tomoshibi", "Evening Lights"),
    phrase("чая и пряностей", "Ocha to Koushinryou", "Tea and Spice"),
    phrase("полной луны", "Mangetsu", "the Full Moon"),
];

/// Subtitles of films of a series.
pub(super) static SUBTITLES: [Phrase; 10] = [
    phrase("Путь домой", "Kaerimichi", "The Way Home"),
    phrase("Последнее письмо", "Saigo no Tegami", "The Last Letter"),
    phrase("Начало", "Hajimari", "The Beginning"),
    phrase("Дыхание моря", "Umi no Iki", "Breath of the Sea"),
    phrase("Ещё один день", "Mou Ichinichi", "One More Day"),
    phrase("Обратный отсчёт", "Byouyomi", "Countdown"),
    phrase("Сквозь метель", "Fubuki wo Koete", "Through the Blizzard"),
    phrase("Огни большого города", "Daitokai no Akari", "City Lights"),
    phrase("Там, где кончается небо", "Sora no Hate", "Where the Sky Ends"),
    phrase("Возвращение", "Kikan", "The Return"),
];

/// Names of episodes, in Russian and in English.
pub(super) static EPISODES: [(&str, &str); 36] = [
    ("Пролог", "Prologue"),
    ("Незваный гость", "The Uninvited Guest"),
    ("Первый шаг", "The First Step"),
    ("Письмо без адреса", "A Letter with No Address"),
    ("Дождливый день", "A Rainy Day"),
    ("Секрет старой башни", "The Secret of the Old Tower"),
    ("Обещание", "The Promise"),
    ("Ночная погоня", "Night Chase"),
    ("Тот, кто ждёт", "The One Who Waits"),
    ("Запретная дверь", "The Forbidden Door"),
    ("Вкус дома", "A Taste of Home"),
    ("Чужое имя", "A Borrowed Name"),
    ("Ещё не время", "Not Yet Time"),
    ("Лицом к лицу", "Face to Face"),
    ("Фестиваль", "The Festival"),
    ("Разбитое зеркало", "The Broken Mirror"),
    ("Ход конём", "The Knight's Move"),
    ("Ключ", "The Key"),
    ("Сила слова", "The Power of a Word"),
    ("Прощай, лето", "Farewell, Summer"),
    ("Новенькая", "The New Girl"),
    ("Тени прошлого", "Shadows of the Past"),
    ("Дуэль на рассвете", "Duel at Dawn"),
    ("Кошачья услуга", "A Cat's Favour"),
    ("Перемирие", "Truce"),
    ("Забытая мелодия", "The Forgotten Melody"),
    ("Остров в тумане", "The Island in the Mist"),
    ("Признание", "Confession"),
    ("Последний поезд", "The Last Train"),
    ("Буря", "The Storm"),
    ("Всё или ничего", "All or Nothing"),
    ("Свет в окне", "A Light in the Window"),
    ("Дорога назад", "The Road Back"),
    ("Слёзы дракона", "A Dragon's Tears"),
    ("Клятва", "The Oath"),
    ("Утро нового дня", "Morning of a New Day"),
];

/// First sentences of descriptions.
pub(super) static OPENINGS: [&str; 8] = [
    "Мир, ещё недавно казавшийся спокойным, меняется за одну ночь.",
    "Обычный школьник просыпается там, где никто не знает его имени.",
    "В маленьком городе у моря давно никто не верит в чудеса.",
    "Сто лет назад боги оставили эти земли, и люди научились жить без них.",
    "Старый за\u{301}мок на холме хранит больше тайн, чем книг в его библиотеке.",
    "После большой войны королевства делят то, что от них осталось.",
    "Каждую осень в академию принимают ровно двенадцать учеников.",
    "Она обещала вернуться к первому снегу и слово своё сдержала.",
];

/// Middle sentences of descriptions.
pub(super) static MIDDLES: [&str; 8] = [
    "Герою предстоит собрать команду из тех, кому больше некуда идти.",
    "Вместе с новыми друзьями он отправляется на поиски потерянной карты.",
    "Но у каждого из них есть секрет, о котором лучше молчать.",
    "С этого дня правила пишет тот, кто последним останется на ногах.",
    "Единственная подсказка \u{2013} мелодия, которую помнит только он.",
    "А значит, придётся научиться готовить, драться и прощать.",
    "Однако время идёт, и долги прошлого пора возвращать.",
    "И пока одни строят планы, другие уже открыли дверь.",
];

/// Last sentences of descriptions.
pub(super) static CLOSINGS: [&str; 6] = [
    "Так начинается история, в которой победа \u{2013} ещё не конец.",
    "Сумеют ли они дойти до цели раньше, чем взойдёт красная луна?",
    "Чем закончится это путешествие, не знает даже рассказчик.",
    "Ведь иногда самое трудное \u{2013} вернуться домой.",
    "И у этой сказки нет злодеев, есть только те, кто ошибся.",
    "Осталось решить, чего стоит одно-единственное желание.",
];

/// Notices above a release.
pub(super) static NOTIFICATIONS: [&str; 4] = [
    "Серии выходят по мере готовности",
    "Выход новой серии перенесён на неделю",
    "Релиз делается совместно с друзьями проекта",
    "Перерыв до конца месяца",
];

/// Nicknames of the members of a release.
pub(super) static NICKNAMES: [&str; 24] = [
    "Kedrin",
    "Lunaria",
    "MixerOne",
    "Timecode",
    "Sova",
    "Aurelio",
    "Nekonata",
    "Grafit",
    "Ежевика",
    "Dolche",
    "Parovoz",
    "Silvestra",
    "Romashka",
    "Kolibri",
    "Baritone",
    "VeterOk",
    "Tonika",
    "Iskra",
    "Hikaru_K",
    "Malinovka",
    "Zvonar",
    "Ostrov",
    "Fantik",
    "Chernika",
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn words_of_a_list_are_unique() {
        let adjectives: HashSet<_> = ADJECTIVES.iter().map(|word| word.romaji).collect();
        let nouns: HashSet<_> = NOUNS.iter().map(|word| word.romaji).collect();
        let genitives: HashSet<_> = GENITIVES.iter().map(|word| word.romaji).collect();
        let episodes: HashSet<_> = EPISODES.iter().map(|(name, _)| name).collect();

        assert_eq!(adjectives.len(), ADJECTIVES.len());
        assert_eq!(nouns.len(), NOUNS.len());
        assert_eq!(genitives.len(), GENITIVES.len());
        assert_eq!(episodes.len(), EPISODES.len());
    }
}
