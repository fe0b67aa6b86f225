//! Shape of a title in a response: the selected fields, the format of the description and the playlist, and the included files.

use anilibria_http::problem::Problem;
use serde_json::{Map, Value};

use super::{
    description::{to_html, without_view_order},
    parameters::Parameters,
    projection::{ObjectKind, Projection},
};

/// Shape of a title in a response, as the client requested it. Other objects use only the settings that apply to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    projection: Projection,
    description: Description,
    playlist: Playlist,
    pub(super) include: Include,
}

/// Format of a description.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Description {
    #[default]
    Plain,
    Html,
    NoViewOrder,
}

/// Format of a list of episodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Playlist {
    #[default]
    Object,
    Array,
}

/// Kinds of files to include.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Include {
    pub(super) posters: bool,
    pub(super) torrents: bool,
    pub(super) metadata: bool,
}

impl Include {
    /// True if at least one kind of files is included.
    pub(super) fn any(self) -> bool {
        self.posters || self.torrents || self.metadata
    }
}

impl Shape {
    /// Reads the parameters of a request for titles.
    pub(super) fn read(parameters: &Parameters<'_>) -> Result<Self, Problem> {
        Self::read_for(ObjectKind::Title, parameters)
    }

    /// Reads the parameters of a request for objects of this kind, at least some of which are titles.
    pub(super) fn read_for(kind: ObjectKind, parameters: &Parameters<'_>) -> Result<Self, Problem> {
        let description = match parameters.text("description_type").unwrap_or("plain") {
            "plain" => Description::Plain,
            "html" => Description::Html,
            "no_view_order" => Description::NoViewOrder,
            _ => {
                return Err(Problem::invalid(
                    "description_type",
                    "must be `plain`, `html` or `no_view_order`",
                ));
            }
        };
        let playlist = match parameters.text("playlist_type").unwrap_or("object") {
            "object" => Playlist::Object,
            "array" => Playlist::Array,
            _ => return Err(Problem::invalid("playlist_type", "must be `object` or `array`")),
        };
        let mut include = Include::default();
        for word in parameters.list("include")? {
            match word {
                "raw_poster" => include.posters = true,
                "raw_torrent" => include.torrents = true,
                "torrent_meta" => include.metadata = true,
                _ => {
                    let reason = "must be a list of `raw_poster`, `raw_torrent` and `torrent_meta`";
                    return Err(Problem::invalid("include", reason));
                }
            }
        }
        let projection = Self::read_projection(parameters)?.projection.for_kind(kind);
        Ok(Self { projection, description, playlist, include })
    }

    /// Reads the parameters of a request for videos.
    pub(super) fn read_for_videos(parameters: &Parameters<'_>) -> Result<Self, Problem> {
        let Self { projection, .. } = Self::read_projection(parameters)?;
        Ok(Self { projection: projection.for_kind(ObjectKind::Video), ..Self::default() })
    }

    /// Reads the parameters of a request for other objects.
    pub(super) fn read_projection(parameters: &Parameters<'_>) -> Result<Self, Problem> {
        let part = |name| parameters.text(name).unwrap_or_default();
        let projection = Projection::parse(part("filter"), part("remove"));
        let projection = projection
            .map_err(|error| Problem::invalid(error.parameter, format!("is invalid: {}", error.kind)))?;
        Ok(Self { projection, ..Self::default() })
    }

    /// True if the shape is that of the complete title, which is cached.
    pub(super) fn is_plain(&self) -> bool {
        self.projection.keeps_all()
            && self.description == Description::Plain
            && self.playlist == Playlist::Object
            && !self.include.any()
    }

    /// True if a value under `key` is requested.
    pub(super) fn reads(&self, key: &str) -> bool {
        self.projection.reads(key)
    }

    /// Returns the shape as text. Equivalent requests give the same text.
    pub(super) fn canonical(&self) -> String {
        let Self { projection, description, playlist, include } = self;
        format!("{description:?} {playlist:?} {include:?} {projection}")
    }

    /// Converts `object`, which must be complete, to this shape.
    pub(super) fn apply(&self, object: &mut Value) {
        if let Some(description) = object.get_mut("description") {
            self.description.apply(description);
        }
        if self.playlist == Playlist::Array
            && let Some(player) = object.get_mut("player")
        {
            for list in ["list", "rutube"] {
                if let Some(list) = player.get_mut(list) {
                    to_array(list);
                }
            }
        }
        self.projection.apply(object);
    }
}

impl Description {
    /// Converts a description without markup to this format.
    fn apply(self, description: &mut Value) {
        let Value::String(text) = description else { return };
        match self {
            Self::Plain => {}
            Self::Html => *text = to_html(text),
            Self::NoViewOrder => *text = without_view_order(text),
        }
    }
}

/// Converts an object of episodes, which are in order, to an array.
fn to_array(list: &mut Value) {
    if let Value::Object(object) = list {
        *list = std::mem::take(object).into_iter().map(|(_, episode)| episode).collect();
    }
}

/// Returns `{}`, which represents a missing object.
pub(super) fn empty_object() -> Value {
    Value::Object(Map::new())
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderMap;
    use serde_json::json;

    use super::*;
    use crate::{address::Dialect, quota::RequestQuota};

    fn shape(query: &str) -> Result<Shape, Problem> {
        let uri = format!("/v3/title?{query}").parse().unwrap();
        Shape::read(&Parameters::parse(&uri, &HeaderMap::new(), Dialect::Live, RequestQuota::local()))
    }

    #[test]
    fn description_has_three_formats() {
        let described = |query| {
            let mut title = json!({"description": "О чём-то.\n\nПорядок просмотра:\n1. Первый"});
            shape(query).unwrap().apply(&mut title);
            title["description"].clone()
        };

        assert_eq!(described(""), "О чём-то.\n\nПорядок просмотра:\n1. Первый");
        assert_eq!(described("description_type=html"), "О чём-то.<br><br>Порядок просмотра:<br>1. Первый");
        assert_eq!(described("description_type=no_view_order"), "О чём-то.");
    }

    #[test]
    fn playlist_is_an_object_or_an_array() {
        let mut title =
            json!({"player": {"list": {"1": {"episode": 1}, "2.5": {"episode": 2.5}}, "rutube": {}}});

        shape("playlist_type=array").unwrap().apply(&mut title);

        assert_eq!(title["player"], json!({"list": [{"episode": 1}, {"episode": 2.5}], "rutube": []}));
    }

    #[test]
    fn equal_shapes_have_the_same_canonical_text() {
        let canonical = |query| shape(query).unwrap().canonical();

        assert_eq!(canonical("filter=id,names.ru,"), canonical("filter=names.ru,id"));
        assert_ne!(canonical("filter=id"), canonical("remove=id"));
        assert_eq!(canonical("remove=zz1,player,yy[3].x"), canonical("remove=player"));
        assert_eq!(canonical("filter=id,names.zz"), canonical("filter=id"));
        assert_ne!(canonical("filter=zz"), canonical(""));
        assert!(shape("remove=zz").unwrap().is_plain());
        assert!(shape("playlist_type=object&include=").unwrap().is_plain());
        assert!(!shape("include=raw_poster").unwrap().is_plain());
    }

    #[test]
    fn invalid_values_are_refused_with_the_name_of_the_parameter() {
        for (query, parameter) in [
            ("description_type=long", "description_type"),
            ("playlist_type=list", "playlist_type"),
            ("include=poster", "include"),
            ("filter=a..b", "filter"),
            ("remove=a[x", "remove"),
            ("filter=names[ru],id[", "filter"),
            ("filter=player.list[%222]", "filter"),
        ] {
            let message = shape(query).unwrap_err().to_string();
            assert!(message.starts_with(&format!("parameter `{parameter}`")), "{message}");
        }
    }
}
