//! `/accounts/otp`: login of a device with a code that another device accepts.

use http::StatusCode;
use serde_json::json;

use crate::account::{OtpError, USER_ID};
use crate::operation::{Call, Route, UNAUTHENTICATED};
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::view::moment;

/// Maximum length of a device id, in bytes.
const MAX_DEVICE_ID: usize = 255;

pub(super) const ROUTES: &[Route] = &[
    Route::post("/accounts/otp/get", get),
    Route::post("/accounts/otp/login", login),
    Route::post("/accounts/otp/accept", accept),
];

fn get(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let device_id = device_id(&mut check);
    check.finish()?;
    let now = call.state.now();
    let otp = call.state.account().otps.get(device_id, now);
    let remaining = (otp.expires_at - now).whole_seconds();
    Ok(json!({
        "otp": {
            "code": otp.digits(),
            "user_id": otp.is_accepted.then_some(USER_ID),
            "device_id": otp.device_id,
            "expired_at": moment(otp.expires_at.unix_timestamp()),
        },
        "remaining_time": remaining,
    })
    .into())
}

fn login(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let (code, device_id) = (code(&mut check), device_id(&mut check));
    check.finish()?;
    let token = call.state.account().log_in_with_code(code, device_id, call.state.now());
    match token {
        Ok(token) => Ok(json!({"token": token}).into()),
        Err(OtpError::Unknown) => Err(unknown()),
        Err(OtpError::Pending) => {
            Err(Problem::new(StatusCode::UNAUTHORIZED, "The code is not linked to an account yet."))
        }
    }
}

fn accept(call: &Call<'_>) -> Result<Reply, Problem> {
    // This route responds with 401, other routes of the account with 403.
    let account = call.account().map_err(|_| Problem::new(StatusCode::UNAUTHORIZED, UNAUTHENTICATED));
    let mut account = account?;
    let mut check = Check::new(&call.params);
    let code = code(&mut check);
    check.finish()?;
    if account.otps.accept(code, call.state.now()) { Ok(Reply::blank()) } else { Err(unknown()) }
}

/// Reads the code: a string of digits, or a number, which has lost its leading zeros.
fn code(check: &mut Check<'_>) -> u32 {
    let text = check.required("code");
    let code = text.parse();
    if code.is_err() && !text.is_empty() {
        check.fail("code", "The code field must be an integer.".to_owned());
    }
    code.unwrap_or_default()
}

fn device_id<'a>(check: &mut Check<'a>) -> &'a str {
    let device_id = check.required("device_id");
    if device_id.len() > MAX_DEVICE_ID {
        let message = format!("The device_id field must not be greater than {MAX_DEVICE_ID} characters.");
        check.fail("device_id", message);
    }
    device_id
}

fn unknown() -> Problem {
    Problem::not_found("OTP not found.")
}
