//! The document of a title in MongoDB.
//!
//! ```text
//! _id                     string    the id as text
//! id, aniLibriaId         int       AniLibria's id
//! names.ru, names.en, …             as in the responses of the service, without the episodes
//! updated_at              date
//! lastSynced.anilibria    date      time of the write
//! revision                int       number of the save that wrote the document
//! entry                   binary    the exact entry of the catalog
//! ```

use anilibria_client::reflector::{Catalog, CatalogPart};
use mongodb::bson::{Binary, Bson, DateTime, Document, doc, spec::BinarySubtype};
use poem_openapi::types::ToJSON as _;
use serde_json::Value;

use crate::titles::mapping::Mapping;

/// Name of the field that holds the entry.
pub(super) const ENTRY: &str = "entry";

/// Returns the fields of a title, whose entry is `bytes`.
pub(super) fn fields(
    mapping: Mapping<'_>,
    catalog: &Catalog,
    part: &CatalogPart,
    bytes: &[u8],
    revision: i64,
) -> Document {
    let title = mapping.entry(catalog, part.entry());
    let mut fields = match title.to_json() {
        Some(Value::Object(fields)) => {
            fields.into_iter().map(|(name, value)| (name, bson(value))).collect::<Document>()
        }
        _ => Document::new(),
    };
    // Episodes are stored in the entry only. An empty `player` would say that there are none.
    fields.remove("player");
    let id = i64::from(part.id().get());
    let now = DateTime::now();
    fields.extend(doc! {
        "id": id,
        "aniLibriaId": id,
        "lastSynced": { "anilibria": now },
        "revision": revision,
        ENTRY: Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() },
    });
    if let Some(updated_at) = part.entry().updated_at() {
        fields.insert("updated_at", DateTime::from_system_time(updated_at.into()));
    }
    fields
}

fn bson(value: Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Bool(value) => value.into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.into(),
        Value::Array(values) => values.into_iter().map(bson).collect(),
        Value::Object(fields) => {
            Bson::Document(fields.into_iter().map(|(name, value)| (name, bson(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use anilibria_client::{Client, model::Release};
    use serde_json::json;

    use super::*;

    #[test]
    fn document_has_the_fields_of_the_site_and_the_entry() {
        let release: Release = serde_json::from_value(json!({
            "id": 7, "name": {"main": "Имя", "english": "Name"}, "year": 2024, "season": {"value": "winter"},
            "genres": [{"id": 5, "name": "Драма"}], "updated_at": "2024-02-03T04:05:06+00:00",
        }))
        .unwrap();
        let catalog: Catalog = [release].into_iter().collect();
        let part = catalog.parts().next().unwrap();
        let client = Client::builder().build().unwrap();

        let fields = fields(Mapping::new(&client), &catalog, &part, &part.to_bytes(), 3);

        let number = |name| fields.get_i64(name).unwrap();
        assert_eq!([number("id"), number("aniLibriaId"), number("year")], [7, 7, 2024]);
        let names = fields.get_document("names").unwrap();
        assert_eq!([names.get_str("ru").unwrap(), names.get_str("en").unwrap()], ["Имя", "Name"]);
        assert_eq!(fields.get_array("genres").unwrap(), &vec![Bson::from("Драма")]);
        assert_eq!(fields.get_str("season").unwrap(), "winter");
        assert!(fields.get_document("lastSynced").unwrap().get_datetime("anilibria").is_ok());
        assert!(fields.get_datetime("updated_at").is_ok());
        let entry = fields.get_binary_generic(ENTRY).unwrap();
        assert_eq!(CatalogPart::from_bytes(entry).unwrap(), part);
    }
}
