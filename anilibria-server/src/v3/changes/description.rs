//! A description in all its forms, as events carry it.

use anilibria_client::v3::model::{Description, DescriptionForms, Title};

/// What the block begins with that tells in which order to watch the parts of a franchise.
const VIEWING_ORDER: &str = "порядок просмотра";

/// Puts all forms of the description in the place of the text.
pub(super) fn expand(title: &mut Title) {
    title.description = title.description.take().map(|description| match description {
        Description::Text(text) => Description::Forms(forms(text)),
        forms @ Description::Forms(_) => forms,
    });
}

fn forms(text: String) -> DescriptionForms {
    let mut forms = DescriptionForms::default();
    forms.html = Some(text.replace('\n', "<br>"));
    forms.no_view_order = Some(without_order(&text).to_owned());
    forms.plain = Some(text);
    forms
}

/// What stands before the line that begins the viewing order.
fn without_order(text: &str) -> &str {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_start().to_lowercase().starts_with(VIEWING_ORDER) {
            return text[..end].trim_end();
        }
        end += line.len();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn description_has_three_forms() {
        let forms = forms("О чём-то.\n\nПорядок просмотра:\n1. Первое".to_owned());

        assert_eq!(forms.no_view_order.as_deref(), Some("О чём-то."));
        assert_eq!(forms.html.as_deref(), Some("О чём-то.<br><br>Порядок просмотра:<br>1. Первое"));
        assert_eq!(forms.plain.as_deref(), Some("О чём-то.\n\nПорядок просмотра:\n1. Первое"));
    }
}
