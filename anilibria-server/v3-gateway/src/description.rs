//! Formats of a description.

use anilibria_client::v3::model::{Description, DescriptionForms, Title};

/// Beginning of the part of a description that lists the viewing order of related titles, in lower case.
const VIEW_ORDER: &str = "порядок просмотра";

/// Replaces the text of a title's description with all its formats, as in events.
pub(super) fn expand(title: &mut Title) {
    title.description = title.description.take().map(|description| match description {
        Description::Text(text) => Description::Forms(forms(text)),
        forms @ Description::Forms(_) => forms,
    });
}

fn forms(text: String) -> DescriptionForms {
    let mut forms = DescriptionForms::default();
    forms.html = Some(to_html(&text));
    forms.no_view_order = Some(without_view_order(&text));
    forms.plain = Some(text);
    forms
}

/// Returns the description `text` as HTML.
pub(super) fn to_html(text: &str) -> String {
    text.replace('\n', "<br>")
}

/// Returns the description `text` up to the part with the viewing order.
pub(super) fn without_view_order(text: &str) -> String {
    let begins = |line: &&str| line.trim_start().to_lowercase().starts_with(VIEW_ORDER);
    let kept: Vec<_> = text.lines().take_while(|line| !begins(line)).collect();
    kept.join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn description_has_three_formats() {
        let forms = forms("О чём-то.\n\nПорядок просмотра:\n1. Первое".to_owned());

        assert_eq!(forms.no_view_order.as_deref(), Some("О чём-то."));
        assert_eq!(forms.html.as_deref(), Some("О чём-то.<br><br>Порядок просмотра:<br>1. Первое"));
        assert_eq!(forms.plain.as_deref(), Some("О чём-то.\n\nПорядок просмотра:\n1. Первое"));
    }
}
