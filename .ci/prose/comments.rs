//! What the module does. (expect Openings)
//!
//! Comments that Vale must reject, each with the name of the rule, and comments that it must accept.

/// Whether the door is open. (expect Openings)
///
/// The request is sent anew, (expect Words)
/// by whoever sent it before. (expect Words)
pub struct Door {
    /// So often the door was opened. (expect Openings)
    pub count: u32,
    /// By how much the door is open. (expect Openings)
    pub angle: f32, // set by chance (expect Words)
}

impl Door {
    /// Tells of the catalogue. (expect Words) (expect Terms)
    pub fn report(&self) {
        // How it works is a matter of its own. (expect Openings) (expect Words)
        let _ = "anew // whoever";
    }
}

endpoint! {
    /// Who asks. (expect Openings)
    GET "/anime" => Releases::latest() -> Vec<Release>;
    pub struct LatestReleases {
        /// Nobody knows. (expect Openings) (expect Words)
        limit: u32 => "limit",
    }
}

/// Returns the state. The word `anew` is code, `catalogue` is a name in JSON.
/// What follows within a paragraph is not its opening.
///
/// ```
/// let anew = whoever;
/// ```
pub fn state() {}
