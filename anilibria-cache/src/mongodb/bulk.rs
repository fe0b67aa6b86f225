//! Writes of many documents in one request.

use mongodb::{
    Collection,
    bson::{Bson, Document, RawArrayBuf, RawDocumentBuf, doc, raw::cstr, serialize_to_document},
    error::Error as DriverError,
};

use super::{DUPLICATE_KEY, document::ID, is_duplicate, number, rejection, replace};

/// Maximum size of the documents in one command, which is itself a document of at most 16 MiB.
const MAX_COMMAND_BYTES: usize = 15 << 20;

/// Maximum number of documents in one command.
const MAX_COMMAND_DOCUMENTS: usize = 1_000;

/// Size of an update in a command, beside the document and its `_id`.
const UPDATE_BYTES: usize = 64;

/// A document and its `_id`.
pub(super) struct Replacement {
    pub(super) id: String,
    pub(super) document: RawDocumentBuf,
}

/// A document that the server will never accept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rejected {
    /// Index among the documents of the call.
    pub(super) index: usize,
    pub(super) reason: String,
}

/// Replaces or inserts all `documents`. Returns those that the server rejects; it has stored the others.
pub(super) async fn replace_many(
    collection: &Collection<RawDocumentBuf>,
    documents: &[Replacement],
) -> Result<Vec<Rejected>, DriverError> {
    let mut rejected = Vec::new();
    let mut start = 0;
    while start < documents.len() {
        let group = &documents[start..start + group_length(&documents[start..])];
        // A command has no room for a document of the maximum size, `replace_one` has.
        let refused = if group.len() == 1 {
            replace_each(collection, group, [0]).await?
        } else {
            replace_group(collection, group).await?
        };
        rejected
            .extend(refused.into_iter().map(|refused| Rejected { index: start + refused.index, ..refused }));
        start += group.len();
    }
    Ok(rejected)
}

/// Returns the number of the first `documents` that fit into one command.
fn group_length(documents: &[Replacement]) -> usize {
    let mut bytes = 0;
    let fits = documents.iter().take(MAX_COMMAND_DOCUMENTS).take_while(|replacement| {
        bytes += replacement.document.as_bytes().len() + replacement.id.len() + UPDATE_BYTES;
        bytes <= MAX_COMMAND_BYTES
    });
    fits.count().max(1)
}

/// Sends one `update` command. The driver's own bulk write needs version 8.0 of the server.
async fn replace_group(
    collection: &Collection<RawDocumentBuf>,
    group: &[Replacement],
) -> Result<Vec<Rejected>, DriverError> {
    let database = collection.client().database(&collection.namespace().db);
    let reply = database.run_raw_command(command(collection, group)?).await?;
    if let Ok(error) = reply.get_document("writeConcernError") {
        return Err(DriverError::custom(error.to_string()));
    }

    let (mut lost, mut rejected) = (Vec::new(), Vec::new());
    let errors = reply.get_array("writeErrors").map(Vec::as_slice).unwrap_or_default();
    for error in errors.iter().filter_map(Bson::as_document) {
        let index = usize::try_from(number(error, "index")).unwrap_or(usize::MAX);
        if number(error, "code") == u64::from(DUPLICATE_KEY.unsigned_abs()) && index < group.len() {
            lost.push(index);
        } else {
            let reason = error.get_str("errmsg").unwrap_or("no reason given").to_owned();
            rejected.push(Rejected { index, reason });
        }
    }
    rejected.extend(replace_each(collection, group, lost).await?);
    Ok(rejected)
}

/// Sends one request for each of the documents at `indexes`.
async fn replace_each(
    collection: &Collection<RawDocumentBuf>,
    documents: &[Replacement],
    indexes: impl IntoIterator<Item = usize>,
) -> Result<Vec<Rejected>, DriverError> {
    let mut rejected = Vec::new();
    for index in indexes {
        let Replacement { id, document } = &documents[index];
        match replace(collection, id, document).await {
            Err(error) if !is_duplicate(&error) => {
                let reason = rejection(&error).ok_or(error)?;
                rejected.push(Rejected { index, reason });
            }
            result => result?,
        }
    }
    Ok(rejected)
}

fn command(
    collection: &Collection<RawDocumentBuf>,
    group: &[Replacement],
) -> Result<RawDocumentBuf, DriverError> {
    let mut updates = RawArrayBuf::new();
    for Replacement { id, document } in group {
        let mut query = RawDocumentBuf::new();
        query.append(ID, id.as_str());
        let mut update = RawDocumentBuf::new();
        update.append(cstr!("q"), query);
        update.append(cstr!("u"), document.clone());
        update.append(cstr!("upsert"), true);
        updates.push(update);
    }
    let mut command = RawDocumentBuf::new();
    command.append(cstr!("update"), collection.name());
    command.append(cstr!("ordered"), false);
    // A command that is written by hand does not inherit the write concern of the URI.
    if let Some(concern) = collection.write_concern().and_then(|concern| serialize_to_document(concern).ok())
    {
        command.append(cstr!("writeConcern"), raw(&concern)?);
    }
    command.append(cstr!("updates"), updates);
    Ok(command)
}

fn raw(document: &Document) -> Result<RawDocumentBuf, DriverError> {
    RawDocumentBuf::try_from(document).map_err(DriverError::custom)
}

/// Returns a filter for the documents with these `_id`s.
pub(super) fn with_ids(ids: Vec<String>) -> Document {
    doc! { ID.as_str(): { "$in": ids } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replacement(bytes: usize) -> Replacement {
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("text"), "x".repeat(bytes).as_str());
        Replacement { id: "key".into(), document }
    }

    fn groups(sizes: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let documents: Vec<_> = sizes.into_iter().map(replacement).collect();
        let (mut groups, mut start) = (Vec::new(), 0);
        while start < documents.len() {
            groups.push(group_length(&documents[start..]));
            start += groups.last().copied().unwrap_or(documents.len());
        }
        groups
    }

    #[test]
    fn documents_are_grouped_by_count_and_size() {
        assert_eq!(groups([10, 10, 10]), [3]);
        assert_eq!(groups([7 << 20, 7 << 20, 7 << 20]), [2, 1]);
        assert_eq!(groups([16_000_000, 10]), [1, 1]);
        assert_eq!(groups(std::iter::repeat_n(10, 2_500)), [1_000, 1_000, 500]);
    }
}
