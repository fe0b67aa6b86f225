//! `/accounts`: logins, profile and lists of the account. One file per group of routes.

mod auth;
mod collections;
mod favorites;
mod items;
mod otp;
mod password;
mod profile;
mod release_list;
mod social;
mod views;

use crate::operation::Route;

pub(super) const AUTH: &[Route] = auth::ROUTES;
pub(super) const COLLECTIONS: &[Route] = collections::ROUTES;
pub(super) const FAVORITES: &[Route] = favorites::ROUTES;
pub(super) const OTP: &[Route] = otp::ROUTES;
pub(super) const PASSWORD: &[Route] = password::ROUTES;
pub(super) const PROFILE: &[Route] = profile::ROUTES;
pub(super) const SOCIAL: &[Route] = social::ROUTES;
pub(super) const VIEWS: &[Route] = views::ROUTES;
