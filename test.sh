#!/usr/bin/env bash
# Sets up what is missing and runs every check of the workspace. Needs Rust, and the network for what it installs.
#
#   ./test.sh                everything
#   ./test.sh lint tests     only these steps, in this order
#
# A failure does not stop it. The last line is "N passed, N failed": a Rust test counts one, as does every other check.
set -u
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
exec </dev/null

STEPS="format lint docs dependencies services tests features browser openapi examples"

# What a user may build besides everything at once. One line of cargo arguments each.
FEATURE_SETS=(
    "-p anilibria-cache --no-default-features"
    "-p anilibria-cache --no-default-features --features conformance"
    "-p anilibria-cache --no-default-features --features disk"
    "-p anilibria-cache --no-default-features --features format"
    "-p anilibria-cache --no-default-features --features metrics"
    "-p anilibria-cache --no-default-features --features mongodb"
    "-p anilibria-cache --no-default-features --features redis"
    "-p anilibria-client --no-default-features"
    "-p anilibria-client --no-default-features --features cache"
    "-p anilibria-client --no-default-features --features download"
    "-p anilibria-client --no-default-features --features metrics"
    "-p anilibria-client --no-default-features --features sandbox"
    "-p anilibria-server --no-default-features"
)

# Examples that need nothing but themselves.
EXAMPLES=(browse_catalog cache_exchange_rates download_episode search_catalogue watch_releases)

CARGO_DENY_VERSION=0.20.2

# Speaks MongoDB's protocol where there is no mongod. Version 1 is the last that needs no other database.
FERRETDB_VERSION=1.24.2
FERRETDB_BIN="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/anilibria-test/ferretdb-$FERRETDB_VERSION"

# Colours would hide the lines that are counted.
export CARGO_TERM_COLOR=never
export PATH="$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:$FERRETDB_BIN"

if ! command -v cargo >/dev/null; then
    echo "cargo is missing: install Rust from https://rustup.rs" >&2
    echo "0 passed, 1 failed"
    exit 1
fi

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

passed=0
failed=0
failures="$scratch/failures"
left_out="$scratch/left_out"
: >"$failures"
: >"$left_out"

leave_out() {
    echo "left out: $1" | tee -a "$left_out"
}

begin() {
    title=$1
    started=$SECONDS
    printf '\n== %s\n' "$title"
}

# end PASSED FAILED: closes what `begin` opened.
end() {
    passed=$((passed + $1))
    failed=$((failed + $2))
    local seconds=$((SECONDS - started))
    if [ "$2" -eq 0 ]; then
        echo "-- ok: $title (${seconds} s)"
    else
        echo "-- FAILED: $title (${seconds} s)" | tee -a "$failures"
    fi
}

# check TITLE COMMAND…: a check that counts one.
check() {
    begin "$1"
    shift
    if "$@"; then end 1 0; else end 0 1; fi
}

# component CARGO_COMMAND RUSTUP_NAME: adds a part of the toolchain that a minimal installation lacks.
component() {
    cargo "$1" --version >/dev/null 2>&1 && return
    if command -v rustup >/dev/null; then
        rustup component add "$2"
    else
        echo "cargo $1 is missing, and there is no rustup to add it with: install $2" >&2
        return 1
    fi
}

format() {
    check "cargo fmt" formatted
}

formatted() {
    component fmt rustfmt && cargo fmt --all --check
}

lint() {
    check "cargo clippy" clippy --workspace --all-targets --all-features
}

clippy() {
    component clippy clippy && cargo clippy "$@" --locked -- -D warnings
}

docs() {
    check "cargo doc" env RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps --locked
}

dependencies() {
    check "cargo deny: licenses, bans, sources" deny licenses bans sources
    if cargo deny --all-features --locked fetch db >/dev/null 2>&1; then
        check "cargo deny: advisories" deny --disable-fetch advisories
    else
        leave_out "cargo deny advisories (database not reachable)"
    fi
}

deny() {
    cargo deny --version >/dev/null 2>&1 || cargo install --locked "cargo-deny@$CARGO_DENY_VERSION" || return
    cargo deny --all-features --locked check "$@"
}

# Installs the servers that tests start. Tests fail without one that is there, and are skipped without one that is not.
services() {
    begin "servers for tests"
    REQUIRE_TEST_SERVICES=""
    service redis install_redis redis-server redis-cli openssl
    if command -v mongod >/dev/null; then
        service mongodb false mongod
    else
        service mongodb build_ferretdb ferretdb
    fi
    export REQUIRE_TEST_SERVICES
    end 0 0
}

# service NAME INSTALL PROGRAM…: requires a service, after INSTALL if a program of it is missing.
service() {
    local name=$1 install=$2 log="$scratch/install.log"
    shift 2
    if have "$@" || { "$install" >"$log" 2>&1 && have "$@"; }; then
        REQUIRE_TEST_SERVICES+=" $name"
        echo "$name: $(command -v "$1")"
    else
        tail -n 5 "$log"
        leave_out "$name (cannot install: $*)"
    fi
}

have() {
    local program
    for program; do
        command -v "$program" >/dev/null || return
    done
}

install_redis() {
    apt_install redis-server openssl
}

apt_install() {
    local root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo -n)
    # A package source that is out of reach may be one that is not needed.
    "${root[@]}" apt-get update -q
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

# The module lacks the file with its version, and without that the server does not start: "go install" cannot make it.
build_ferretdb() {
    have go || apt_install golang-go || return
    local version="v$FERRETDB_VERSION" source="$scratch/ferretdb" module
    module=$(go mod download -json "github.com/FerretDB/FerretDB@$version" | sed -nE 's/^\t"Dir": "(.*)",?$/\1/p')
    [ -n "$module" ] || return
    cp -R "$module" "$source" && chmod -R u+w "$source" || return
    echo "$version" >"$source/build/version/version.txt"
    mkdir -p "$FERRETDB_BIN" || return
    CGO_ENABLED=0 go -C "$source" build -trimpath -tags ferretdb_no_postgresql -ldflags "-s -w" \
        -o "$FERRETDB_BIN/ferretdb" ./cmd/ferretdb
}

tests() {
    begin "cargo test"
    local log="$scratch/tests.log" skipped="$scratch/skipped" status name counts
    : >"$skipped"
    TEST_SERVICES_SKIPPED="$skipped" cargo test --workspace --all-features --locked --no-fail-fast 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    while read -r name; do
        leave_out "test $name (ignored)"
    done < <(grep -v "is run by another test" "$log" | sed -nE 's/^test (.*) \.\.\. ignored.*/\1/p')
    while read -r name; do
        leave_out "test $name"
    done < <(sed -nE 's/^skipped: (.*): (.*)$/\1 (\2)/p' "$skipped" | sort)
    read -r -a counts < <(count_tests "$status" "$log")
    # To Rust, a test that found no server and returned has passed.
    end "$((counts[0] - $(wc -l <"$skipped")))" "${counts[1]}"
}

# count_tests STATUS LOG: how many tests passed and failed. A test binary that ends without a result counts one failure,
# and so does a run that failed without saying where.
count_tests() {
    awk -v status="$1" '
        /^ +(Running|Doc-tests) / { silent += running; running = 1 }
        /^test result: / { passed += $4; failed += $6; running = 0 }
        END {
            failed += silent + running
            if (status != 0 && failed == 0) failed = 1
            print passed + 0, failed + 0
        }
    ' "$2"
}

browser() {
    local target=wasm32-unknown-unknown
    if ! rustup target add "$target" >/dev/null 2>&1; then
        leave_out "cargo check for $target (the target cannot be installed)"
        return
    fi
    check "cargo check -p anilibria-client for $target" \
        cargo check -p anilibria-client --target "$target" --features metrics --locked
}

features() {
    local set arguments
    for set in "${FEATURE_SETS[@]}"; do
        read -r -a arguments <<<"$set"
        check "cargo clippy $set" clippy "${arguments[@]}"
    done
}

openapi() {
    check "openapi.yaml is what the server generates" openapi_is_current
}

openapi_is_current() {
    local checked_in=anilibria-server/openapi.yaml generated="$scratch/openapi.yaml"
    local command=(cargo run -q --locked -p anilibria-server -- openapi --format yaml)
    "${command[@]}" >"$generated" || return
    diff -u "$checked_in" "$generated" && return
    echo "to accept the change: ${command[*]} > $checked_in"
    return 1
}

examples() {
    local example
    for example in "${EXAMPLES[@]}"; do
        check "example $example" cargo run -q --locked -p anilibria-examples --example "$example"
    done
}

# shellcheck disable=SC2048,SC2086 # the steps are words on purpose
for step in ${*:-$STEPS}; do
    case " $STEPS " in
        *" $step "*) "$step" ;;
        *)
            echo "no step is called \"$step\"; there are: $STEPS" >&2
            exit 2
            ;;
    esac
done

echo
cat "$failures" "$left_out"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
